import { WeirError } from '@weir/core';
import { generateRetail, type GeneratedRetail } from '@weir/generate';
import type { Clients } from '@weir/rpc';
import { ROOT, type PlatformState } from '@weir/servers';
import { join } from 'node:path';
import { runPipeline } from './commands/run';
import { traceOf } from './commands/runs/trace';
import { checkFolder, printProblems } from './definition/check-folder';
import { warehouseCounts } from './demo-tables';
import { colour, count, print, table, type ExitCode } from './output';
import { findRun } from './run-find';
import { abridge } from './trace/abridge';
import { drawTrace } from './trace/draw';

const DAY = { from: '2010-12-01', interval: '2010-12-01/2010-12-02', days: 1, rowsPerDay: 3_000, seed: 1, brokenShare: 0.005 };
const WORKFLOW = 'run/retail/2010-12-01_2010-12-02';

/**
 * Generates a day of dirty orders, applies examples/retail to it, runs it, and shows what came of it. Exit code 0 only if the run
 * succeeded and its accounts are those that the generator knows.
 */
export async function runDemo(platform: PlatformState, clients: Clients, jaegerIsUp: () => Promise<boolean>): Promise<ExitCode> {
  const folder = join(platform.home, 'data/retail');
  const generated = await generateRetail(folder, DAY);
  print('', colour.strong('A day of dirty orders'), `  ${count(generated.rows)} lines in ${generated.files.join(', ')}`);
  if (!(await apply(clients, folder))) return 2;
  print('', colour.strong('The run'));
  const code = await runPipeline(platform, clients, 'retail', { interval: DAY.interval });
  print('', colour.strong('The warehouse'), await tables(platform));
  await showTrace(platform, clients, jaegerIsUp);
  return code === 0 ? compare(clients, generated) : code;
}

async function apply(clients: Clients, folder: string): Promise<boolean> {
  const checked = await checkFolder(join(ROOT, 'examples/retail'), { ...process.env, RETAIL_PATH: folder });
  if ('problems' in checked) {
    printProblems(checked.problems, false);
    return false;
  }
  const { pipeline, version } = await clients.definitions.apply({ files: [...checked.files], root: checked.root, dryRun: false }, { timeoutMs: 60_000 });
  print(`  applied examples/retail as ${pipeline} version ${version}`);
  return true;
}

async function tables({ warehouse }: PlatformState): Promise<string> {
  const counted = await warehouseCounts(warehouse, 'retail');
  return table([{ title: 'table' }, { title: 'rows', align: 'right' }], counted.map(({ name, rows }) => [name, count(rows)]));
}

async function showTrace({ jaeger }: PlatformState, clients: Clients, jaegerIsUp: () => Promise<boolean>): Promise<void> {
  print('', colour.strong('The trace'));
  const answer = await findRun(clients, WORKFLOW);
  if (!answer?.run?.traceId) return print('  The run left no trace.');
  const beat = setInterval(() => print('  waiting for Jaeger, which is built once; Ctrl-C stops'), 10_000);
  const up = await jaegerIsUp().finally(() => clearInterval(beat));
  if (!up) return print('  Jaeger is not there, so the trace cannot be shown. `weir doctor` says why.');
  const spans = await traceOf(jaeger, answer.run);
  const told = abridge(spans);
  print(...drawTrace(told), colour.faint(`  ${told.length} of ${spans.length} spans; all of them: weir runs trace ${answer.run.runId}`));
}

/** What the generator knows it wrote must be what the run says it read: two counts that were made apart. */
async function compare(clients: Clients, { expected }: GeneratedRetail): Promise<ExitCode> {
  const accounts = (await findRun(clients, WORKFLOW))?.run?.accounts;
  const wrong = (['read', 'admitted', 'duplicate', 'quarantined'] as const).filter((name) => accounts?.[name] !== expected[name]);
  if (wrong.length === 0) return 0;
  throw new WeirError({ code: 'INTERNAL', place: WORKFLOW, message: `The run's accounts differ from what was generated: ${wrong.map((name) => `${name} ${accounts?.[name]} instead of ${expected[name]}`).join(', ')}.`, fix: 'Report it: this is a defect of Weir.' });
}
