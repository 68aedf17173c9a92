import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';
import { workflowInterceptorModules } from '../workflow-interceptors';

const ROOT = join(__dirname, '../../../..');
const SOURCES = join(__dirname, '..');
const WORKFLOWS = join(SOURCES, 'workflows');

/** The workflows as the worker runs them, bundled from source; once for all test files, because bundling takes seconds. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const folder = join(ROOT, 'node_modules/.cache/weir');
  const codePath = join(folder, `workflows-${digest()}.js`);
  if (existsSync(codePath)) return { codePath };
  const modules = workflowInterceptorModules.map((name) => (name.startsWith('.') ? join(SOURCES, name) : require.resolve(name)));
  const { code } = await bundleWorkflowCode({ workflowsPath: join(WORKFLOWS, 'index.ts'), workflowInterceptorModules: modules, logger: new DefaultLogger('ERROR') });
  mkdirSync(folder, { recursive: true });
  // Test files run side by side: a reader must find the whole file or none.
  writeFileSync(`${codePath}.${process.pid}`, code);
  renameSync(`${codePath}.${process.pid}`, codePath);
  return { codePath };
}

/** Of everything that the bundle is made from. */
function digest(): string {
  const hash = createHash('sha256');
  const files = [...sources(WORKFLOWS), ...sources(join(ROOT, 'libs/core/src')), join(SOURCES, 'workflow-interceptors.ts'), join(SOURCES, 'workflow-tracing.ts'), join(ROOT, 'libs/core/package.json'), join(ROOT, 'package-lock.json')];
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

function sources(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).toSorted().map((name) => join(folder, name));
}
