import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command';
import { ROOT } from './home';

const folder = mkdtempSync(join(tmpdir(), 'weir-bundle-'));
const main = (...lines: string[]): void => writeFileSync(join(folder, 'src/main.ts'), `${lines.join('\n')}\n`);
const bundle = () => runCommand(process.execPath, [join(ROOT, 'tools/build/bundle.mjs'), folder]);
const output = join(folder, 'dist/main.js');

beforeAll(() => {
  mkdirSync(join(folder, 'src'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"name":"fixture"}');
  writeFileSync(join(folder, 'src/telemetry.ts'), "import { startTelemetry } from '@weir/platform';\nstartTelemetry('fixture');\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a service whose main loads pg before telemetry does not build', async () => {
  main("import { openPool } from '@weir/platform';", "import './telemetry';", 'console.log(typeof openPool);');
  const { code, output: said } = await bundle();
  expect(code).not.toBe(0);
  expect(said).toContain('must import ./telemetry first');
});

test('a service whose main imports telemetry first has its pg calls patched', async () => {
  main("import './telemetry';", "import { openPool } from '@weir/platform';", "import pg from 'pg';", "process.stdout.write(`${typeof openPool} ${'__wrapped' in pg.Client.prototype.query}`);", 'process.exit(0);');
  expect(await bundle()).toMatchObject({ code: 0 });
  expect(await runCommand(process.execPath, [output])).toEqual({ code: 0, output: 'function true' });
});

test('a bundle is made again only when a source changed', async () => {
  const before = statSync(output).mtimeMs;
  expect((await bundle()).output).toContain('nothing new');
  expect(statSync(output).mtimeMs).toBe(before);
  rmSync(join(folder, 'src/telemetry.ts'));
  main("console.log('changed');");
  expect((await bundle()).output).toContain('bundled');
  expect((await runCommand(process.execPath, [output])).output).toBe('changed\n');
});

test('a package that require cannot load is bundled with what it needs', async () => {
  rmSync(join(folder, 'node_modules'));
  mkdirSync(join(folder, 'node_modules/modern'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/modern/package.json'), '{"name":"modern","type":"module","exports":{"import":"./index.js"}}');
  writeFileSync(join(folder, 'node_modules/modern/index.js'), "export const modern = 'ESM only';\n");
  main("import { modern } from 'modern';", 'console.log(modern);');
  expect(await bundle()).toMatchObject({ code: 0 });
  rmSync(join(folder, 'node_modules'), { recursive: true });
  expect((await runCommand(process.execPath, [output])).output).toBe('ESM only\n');
});
