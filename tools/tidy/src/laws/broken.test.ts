import type { TextFile } from '../repository';
import { parseSource } from '../source';
import type { Violation } from '../violation';
import { wildcardExports } from './exports';
import { longFiles, longFunctions } from './length';
import { putOffWork, switchedOffTests } from './marks';
import { misnumberedMigrations } from './migrations';
import { poorNames } from './names';
import { orphanFiles } from './orphans';
import { machinePaths, privateHosts } from './places';
import { repeatedTestNames } from './test-names';
import { timedWaits } from './waits';

function file(path: string, text: string): TextFile {
  return { path, text };
}

function places(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line }) => `${path}:${line}`);
}

describe('a broken law is found', () => {
  test('a file of 301 lines, and one of 300 is not', () => {
    const lines = (count: number): string => 'a;\n'.repeat(count);
    expect(places(longFiles([file('libs/a/src/long.ts', lines(301)), file('libs/a/src/full.ts', lines(300))]))).toEqual(['libs/a/src/long.ts:301']);
  });

  test('a function of 61 lines in whatever form, but no describe callback', () => {
    const body = 'a();\n'.repeat(58);
    const forms = [`function a() {\n${body}b();}`, `const a = () => {\n${body}b();};`, `class A { m() {\n${body}b();} }`, `const o = { m() {\n${body}b();} };`];
    for (const form of forms) {
      expect(longFunctions([parseSource(file('a.ts', form))])).toEqual([]);
      expect(places(longFunctions([parseSource(file('a.ts', `// é\n${form.replace('b();', '\nb();')}`))]))).toEqual(['a.ts:2']);
    }
    expect(longFunctions([parseSource(file('a.test.ts', `describe('x', () => {\n${body}${body}});`))])).toEqual([]);
  });

  test('a test that is focused or skipped, also under each', () => {
    const only = 'on' + 'ly';
    const skip = 'sk' + 'ip';
    const source = parseSource(file('a.test.ts', `test.${only}('a', b);\nconst t = found ? test : test.${skip};\ndescribe.${skip}.each([1])('c', d);\nx` + `it('e', f);\ntest('g', h);`));
    expect(places(switchedOffTests([source]))).toEqual(['a.test.ts:1', 'a.test.ts:2', 'a.test.ts:3', 'a.test.ts:4']);
  });

  test('a mark that puts work off', () => {
    expect(places(putOffWork([file('a.md', `one\n- ${'TO' + 'DO'}: later\ntodos are fine`)]))).toEqual(['a.md:2']);
  });

  test('a repeated test name, and only within the same group', () => {
    const text = "describe('g', () => { test('a', f); });\ndescribe('h', () => { test('a', f); });\ntest('a', f);\ntest.each([1])('a', f);";
    expect(places(repeatedTestNames([parseSource(file('a.test.ts', text))]))).toEqual(['a.test.ts:4']);
  });

  test('a file that nothing reaches, while imports, workers and bins reach', () => {
    const texts: [string, string][] = [
      ['libs/a/src/index.ts', "export { b } from './b';"],
      ['libs/a/src/b.ts', "export const b = new Worker(require.resolve('./worker'));"],
      ['libs/a/src/worker.ts', 'void 0;'],
      ['libs/a/src/orphan.ts', "export { b } from './b';"],
      ['tools/c/bin/c.mjs', "import('../src/run.ts');"],
      ['tools/c/src/run.ts', 'void 0;'],
      ['tools/c/bundle.mjs', 'void 0;'],
    ];
    const manifest = file('tools/c/package.json', '{ "scripts": { "build": "node bundle.mjs" } }');
    expect(places(orphanFiles(texts.map(([path, text]) => parseSource(file(path, text))), [manifest]))).toEqual(['libs/a/src/orphan.ts:1']);
  });

  test('an index that exports by wildcard', () => {
    expect(places(wildcardExports([parseSource(file('libs/a/src/index.ts', "export { a } from './a';\nexport * from './b';"))]))).toEqual(['libs/a/src/index.ts:2']);
  });

  test('a test that waits for time to pass, while a timer that cuts something off may stand', () => {
    const text = "await sleep(5);\nawait new Promise((resolve) => setTimeout(resolve, 5));\nawait timers.setTimeout(5);\nsetTimeout(() => stop.abort(), 5);\nawait until(fact);";
    expect(places(timedWaits([parseSource(file('a.test.ts', text))]))).toEqual(['a.test.ts:1', 'a.test.ts:2', 'a.test.ts:3']);
  });

  test('a name that says nothing or is not kebab-case', () => {
    expect(places(poorNames([file('libs/a/src/utils/b.ts', ''), file('libs/a/src/helpers.ts', ''), file('libs/a/src/fooBar.ts', ''), file('libs/a/src/foo-bar.test.ts', '')]))).toHaveLength(3);
  });

  test('a migration without a number, out of order or repeated', () => {
    const paths = ['001-a.sql', '003-b.sql', '004-c.sql', 'd.sql'].map((name) => file(`services/a/migrations/${name}`, ''));
    expect(places(misnumberedMigrations(paths))).toEqual(['services/a/migrations/003-b.sql:1', 'services/a/migrations/d.sql:1']);
  });

  test('a folder of one machine and a private host', () => {
    const folder = `/${'ho' + 'me'}/somebody/data`;
    expect(places(machinePaths([file('a.md', `look in ${folder}\nor in src/home/a and https://github.com/home/b`)]))).toEqual(['a.md:1']);
    expect(places(privateHosts([file('a.md', 'http' + '://mirror.internal.test/npm\nhttp://127.0.0.1:16686/trace https://github.com/a/b')]))).toEqual(['a.md:1']);
  });
});
