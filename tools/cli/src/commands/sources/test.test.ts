import { cpSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { useOwnHome } from '../../testing/own-home';
import { type Outcome, runCommand } from '../../testing/run-command';
import * as sourcesTest from './test';

const HELLO = resolve(__dirname, '../../../../../examples/hello');

const root = useOwnHome();

const weir = (...args: string[]): Promise<Outcome> => runCommand([sourcesTest], ['test', ...args]);

// What the platform answers is in tools/e2e/src/sources.test.ts.
test.each([['a folder', HELLO], ['a pipeline', 'hello-of-nobody']])('looking at %s without a platform ends with 3', async (_, named) => {
  expect(await weir(named)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('PLATFORM_DOWN') as string });
});

test('a source whose files are wrong is not looked at: it ends with 2, each problem with its place', async () => {
  const folder = join(root(), 'hello');
  cpSync(HELLO, folder, { recursive: true });
  writeFileSync(join(folder, 'pipeline.yaml'), 'name: hello\nsource: { dataset: orders, type: ftp, path: x }\n');
  expect(await weir(folder)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`${folder}/pipeline.yaml:2:`) as string });
  const json = await weir(folder, '--json');
  expect({ code: json.code, problems: (JSON.parse(json.stdout) as { problems: unknown[] }).problems.length > 0 }).toEqual({ code: 2, problems: true });
});

test('a folder that is not there, and what is no interval, end with 2', async () => {
  expect(await weir('./nowhere')).toMatchObject({ code: 2, stdout: '' });
  expect(await weir(HELLO, '--interval', '2026-01-01')).toMatchObject({ code: 2, stderr: expect.stringContaining('`2026-01-01` is not an interval.') as string });
});
