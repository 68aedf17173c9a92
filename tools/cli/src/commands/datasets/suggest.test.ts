import { resolve } from 'node:path';
import { useOwnHome } from '../../testing/own-home';
import { type Outcome, runCommand } from '../../testing/run-command';
import * as suggest from './suggest';

const RETAIL = resolve(__dirname, '../../../../../examples/retail');

useOwnHome();

const weir = (...args: string[]): Promise<Outcome> => runCommand([suggest], ['suggest', ...args]);

// What the platform answers is in tools/e2e/src/suggest.test.ts.
test('suggesting without a platform ends with 3', async () => {
  expect(await weir('retail', RETAIL)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('PLATFORM_DOWN') as string });
});

test('accepting needs a folder to write to', async () => {
  expect(await weir('retail', '--accept')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('There is no contract to write to.') as string });
});
