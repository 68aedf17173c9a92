import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGenerated, ROOT, textFiles } from '../repository';
import { parseSource } from '../source';
import { formatViolations, type Violation } from '../violation';
import { wildcardExports } from './exports';
import { protoBreaks, protoLint, staleGeneratedCode } from './generated';
import { longFiles, longFunctions } from './length';
import { putOffWork, switchedOffTests } from './marks';
import { misnumberedMigrations } from './migrations';
import { poorNames } from './names';
import { orphanFiles } from './orphans';
import { machinePaths, privateHosts } from './places';
import { repeatedTestNames } from './test-names';
import { timedWaits } from './waits';

const files = textFiles(ROOT);
const sources = files.filter(({ path }) => /^(libs|services|tools)\/.*\.(ts|mjs|cjs|js)$/.test(path) && !isGenerated(path)).map(parseSource);

function expectNone(violations: readonly Violation[]): void {
  expect(formatViolations(violations)).toBe('');
}

describe('in this repository', () => {
  test('no code file is longer than 300 lines', () => expectNone(longFiles(files)));
  test('no function is longer than 60 lines', () => expectNone(longFunctions(sources)));
  test('no test is focused, skipped or promised for later', () => expectNone(switchedOffTests(sources)));
  test('no work is put off in a comment', () => expectNone(putOffWork(files)));
  test('no two tests have the same name', () => expectNone(repeatedTestNames(sources)));
  test('no file is an orphan', () => expectNone(orphanFiles(sources, files)));
  test('no index exports by wildcard', () => expectNone(wildcardExports(sources)));
  test('no test waits for time to pass', () => expectNone(timedWaits(sources)));
  test('every file and folder has a name that says something', () => expectNone(poorNames(files)));
  test('migrations are numbered without gaps', () => expectNone(misnumberedMigrations(files)));
  test('no file names a folder of one machine', () => expectNone(machinePaths(files)));
  test('no file names a private host', () => expectNone(privateHosts(files)));
  test('the protos obey the rules of buf', () => expectNone(protoLint(ROOT)));
  test('the protos break no caller of main', () => expectNone(protoBreaks(ROOT)));
  test('generated code is what the protos give', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'weir-tidy-'));
    try {
      expectNone(staleGeneratedCode(ROOT, scratch));
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
