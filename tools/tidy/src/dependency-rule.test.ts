import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './repository';

/** Each line is a file of a repository laid out like this one; `rule` is what oxlint must say about it, nothing when it is allowed. */
const CASES: readonly { path: string; text: string; rule?: string }[] = [
  { path: 'libs/core/src/ours.ts', text: "import { connect } from '@weir/rpc';\nexport const a = connect;", rule: 'no-restricted-imports' },
  { path: 'libs/core/src/io.ts', text: "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;", rule: 'no-restricted-imports' },
  { path: 'libs/core/src/bare-io.ts', text: "import { connect } from 'net';\nexport const a = connect;", rule: 'no-restricted-imports' },
  { path: 'libs/core/src/postgres.ts', text: "import { Pool } from 'pg';\nexport const a = Pool;", rule: 'no-restricted-imports' },
  { path: 'libs/core/src/clock.ts', text: 'export const a = Date.now();', rule: 'no-restricted-properties' },
  { path: 'libs/core/src/random.ts', text: 'export const a = Math.random();', rule: 'no-restricted-properties' },
  { path: 'libs/core/src/settings.ts', text: 'export const a = process.pid;', rule: 'no-restricted-globals' },
  { path: 'libs/core/src/parser.ts', text: "import { parseDocument } from 'yaml';\nexport const a = parseDocument;" },
  { path: 'libs/core/src/io.test.ts', text: "import { readFileSync } from 'node:fs';\nvoid readFileSync;" },
  { path: 'libs/lake/src/other-lib.ts', text: "import { openPool } from '@weir/platform';\nexport const a = openPool;", rule: 'no-restricted-imports' },
  { path: 'libs/lake/src/law.ts', text: "import { WeirError } from '@weir/core';\nexport const a = WeirError;" },
  { path: 'libs/lake/src/objects.ts', text: "import { Bucket } from '@weir/s3';\nexport const a = Bucket;" },
  { path: 'libs/engine/src/objects.ts', text: "import { Bucket } from '@weir/s3';\nexport const a = Bucket;", rule: 'no-restricted-imports' },
  { path: 'libs/s3/src/files.ts', text: "import { Lake } from '@weir/lake';\nexport const a = Lake;", rule: 'no-restricted-imports' },
  { path: 'libs/engine/src/tools-of-tests.ts', text: "import { until } from '@weir/testkit';\nexport const a = until;", rule: 'no-restricted-imports' },
  { path: 'libs/connectors/src/wire.ts', text: "import { Run } from '../../rpc/src/gen/run';\nexport const a = Run;", rule: 'no-restricted-imports' },
  { path: 'libs/rpc/src/private.ts', text: "import { Run } from './gen/run';\nexport const a = Run;" },
  { path: 'libs/platform/src/upwards.ts', text: "import { serve } from '@weir/quality';\nexport const a = serve;", rule: 'no-restricted-imports' },
  { path: 'services/load/src/libs.ts', text: "import { Lake } from '@weir/lake';\nimport { serve } from '@weir/rpc';\nexport const a = [Lake, serve];" },
  { path: 'services/load/src/sibling.ts', text: "import { validate } from '@weir/quality';\nexport const a = validate;", rule: 'no-restricted-imports' },
  { path: 'services/load/src/sibling-by-path.ts', text: "import { validate } from '../../quality/src/validate';\nexport const a = validate;", rule: 'no-restricted-imports' },
  { path: 'services/load/src/deep.ts', text: "import { Lake } from '@weir/lake/src/lake';\nexport const a = Lake;", rule: 'no-restricted-imports' },
  { path: 'services/load/src/generated.ts', text: "import { Run } from '@weir/rpc/src/gen/run';\nexport const a = Run;", rule: 'no-restricted-imports' },
  { path: 'services/load/src/testkit.ts', text: "import { until } from '@weir/testkit';\nexport const a = until;", rule: 'no-restricted-imports' },
  { path: 'services/load/src/testkit.test.ts', text: "import { until } from '@weir/testkit';\nvoid until;" },
  { path: 'services/load/src/tool.ts', text: "import { start } from '@weir/servers';\nexport const a = start;", rule: 'no-restricted-imports' },
  { path: 'services/load/src/environment.ts', text: 'export const a = process.env;', rule: 'no-restricted-properties' },
  { path: 'services/load/src/config.ts', text: 'export const a = process.env;' },
  { path: 'services/load/src/print.ts', text: "console.log('a');", rule: 'no-console' },
  { path: 'services/orchestrator/src/activities/stage.ts', text: "import { connect } from '@weir/rpc';\nexport interface Stage { run(): void }\nexport const a = connect;" },
  { path: 'services/orchestrator/src/workflows/allowed.ts', text: "import { proxyActivities } from '@temporalio/workflow';\nimport { WeirError } from '@weir/core';\nimport type { Stage } from '../activities/stage';\nimport { b } from './sibling';\nexport const a = (stage: Stage) => [proxyActivities, WeirError, stage, b];" },
  { path: 'services/orchestrator/src/workflows/sibling.ts', text: 'export const b = 1;' },
  { path: 'services/orchestrator/src/workflows/activity.ts', text: "import { a } from '../activities/stage';\nexport const b = a;", rule: 'no-restricted-imports' },
  { path: 'services/orchestrator/src/workflows/wire.ts', text: "import { connect } from '@weir/rpc';\nexport const a = connect;", rule: 'no-restricted-imports' },
  { path: 'services/orchestrator/src/workflows/client.ts', text: "import { Client } from '@temporalio/client';\nexport const a = Client;", rule: 'no-restricted-imports' },
  { path: 'services/orchestrator/src/workflows/node.ts', text: "import { createHash } from 'node:crypto';\nexport const a = createHash;", rule: 'no-restricted-imports' },
  { path: 'tools/cli/src/service.ts', text: "import { validate } from '@weir/quality';\nexport const a = validate;", rule: 'no-restricted-imports' },
  { path: 'tools/cli/src/testkit.ts', text: "import { until } from '@weir/testkit';\nexport const a = until;" },
  { path: 'tools/bench/src/floating.ts', text: 'async function work(): Promise<void> {}\nexport function a(): void {\n  work();\n}', rule: 'no-floating-promises' },
  { path: 'tools/bench/src/any.ts', text: 'export const a: any = 1;', rule: 'no-explicit-any' },
  { path: 'tools/bench/src/non-null.ts', text: 'export const a = (b: string | undefined): string => b!;', rule: 'no-non-null-assertion' },
  { path: 'tools/bench/src/type-import.ts', text: "import { Stats } from 'node:fs';\nexport const a = (b: Stats): number => b.size;", rule: 'consistent-type-imports' },
  { path: 'tools/bench/src/switch.ts', text: "export function a(b: 'x' | 'y'): number {\n  switch (b) {\n    case 'x':\n      return 1;\n  }\n  return 2;\n}", rule: 'switch-exhaustiveness-check' },
];

interface Finding {
  readonly code: string;
  readonly filename: string;
}

/** Runs oxlint in every project folder as the lint scripts do, and gives its findings by file. */
function lint(root: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const projects = new Set(CASES.map(({ path }) => path.split('/').slice(0, 2).join('/')));
  for (const project of projects) {
    for (const { filename, code } of oxlint(join(root, project))) {
      const path = `${project}/${filename}`;
      found.set(path, [...(found.get(path) ?? []), code]);
    }
  }
  return found;
}

function oxlint(folder: string): Finding[] {
  const args = ['-c', '../../.oxlintrc.json', '--type-aware', '--deny-warnings', '-f', 'json', 'src'];
  try {
    return read(execFileSync(join(ROOT, 'node_modules/.bin/oxlint'), args, { cwd: folder, encoding: 'utf8' }));
  } catch (error) {
    return read((error as { stdout: string }).stdout);
  }
}

function read(text: string): Finding[] {
  return (JSON.parse(text) as { diagnostics: Finding[] }).diagnostics;
}

describe('lint', () => {
  const root = mkdtempSync(join(tmpdir(), 'weir-lint-'));
  let found = new Map<string, string[]>();

  beforeAll(() => {
    for (const name of ['.oxlintrc.json', 'tsconfig.base.json']) copyFileSync(join(ROOT, name), join(root, name));
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    for (const { path, text } of CASES) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), `${text}\n`);
      const project = join(root, path.split('/').slice(0, 2).join('/'));
      writeFileSync(join(project, 'tsconfig.json'), '{ "extends": "../../tsconfig.base.json", "include": ["src"] }');
    }
    found = lint(root);
  });

  afterAll(() => rmSync(root, { recursive: true }));

  test.each(CASES.filter(({ rule }) => rule !== undefined))('refuses $path by $rule', ({ path, rule }) => {
    expect(found.get(path)?.map((code) => code.replace(/^.*\(|\)$/g, ''))).toContain(rule);
  });

  test.each(CASES.filter(({ rule }) => rule === undefined))('allows $path', ({ path }) => {
    expect(found.get(path) ?? []).toEqual([]);
  });
});
