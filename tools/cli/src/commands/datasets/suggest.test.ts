import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Outcome, runCommand } from '../../testing/run-command';
import * as suggest from './suggest';

const RETAIL = resolve(__dirname, '../../../../../examples/retail');

let root = '';
let home: string | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-cli-suggest-'));
  home = process.env['WEIR_HOME'];
  process.env['WEIR_HOME'] = join(root, 'home');
});
afterEach(() => {
  if (home === undefined) delete process.env['WEIR_HOME'];
  else process.env['WEIR_HOME'] = home;
  rmSync(root, { recursive: true });
});

const weir = (...args: string[]): Promise<Outcome> => runCommand([suggest], ['suggest', ...args]);

// What the platform answers is in tools/e2e/src/suggest.test.ts.
test('suggesting without a platform ends with 3', async () => {
  expect(await weir('retail', RETAIL)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('PLATFORM_DOWN') as string });
});

test('accepting needs a folder to write to', async () => {
  expect(await weir('retail', '--accept')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('There is no contract to write to.') as string });
});
