import { parseArgs } from 'node:util';
import { compareChecks, type CheckOptions } from './checks/compare-checks';
import { measureOrders, type OrdersJob } from './checks/measure-orders';
import { printChecks } from './checks/print-checks';
import { compare, type CompareOptions } from './compare';
import { direct, type DirectJob } from './direct';
import { measureOrchestration, type OrchestrationOptions } from './orchestration';
import { printComparison } from './print-comparison';
import { printOrchestration } from './print-orchestration';
import { consumeDirectly, type DirectConsumerJob } from './stream/direct-consumer';
import { measureStream, type StreamOptions } from './stream/measure-stream';
import { printStream } from './stream/print-stream';
import { sendOrders, type SendOrdersJob } from './stream/send-orders';

const HELP = `Usage: npm run bench -- [--data real|generated] [--rows <number>] [--json]
       npm run bench -- orchestration [--running] [--runs <number>] [--json]
       npm run bench -- stream [--records <number>] [--minutes <number>] [--json]
       npm run bench -- checks [--rows <number>] [--json]

Runs the retail example over all its data on a platform of its own, then the same job as one direct script
(DuckDB and COPY) into the same Postgres, and compares wall time, CPU and memory of every process.

  --data     real: the data in WEIR_RETAIL_DATA or beside the repository; generated: made here. Default: real where present.
  --rows     rows of generated data, about 540000 by default; of checks 1000000.
  --json     the figures as JSON.

orchestration: what is left when there is no work: the time between stages, a trivial run, a backfill of 24 of them, and live
runs beside a backfill of 5,000.

  --running  on the platform that is up, where the pipeline bench_trivial and its runs stay; else on one of its own.
  --runs     watch the memory of all services over this many runs too, such as 2000 (a quarter of an hour).

stream: Kafka to Postgres, records a second and milliseconds from event to committed row, beside a plain consumer.

  --records  records of the topic that is drained, 300000 by default.
  --minutes  watch the memory of all services at 5,000 records a second for so long, 5 by default; 0 leaves it out.

checks: ten and 25 checks over a Parquet file of orders, beside the same by one query that was written by hand.`;

const USAGE = 'INVALID_VALUE  bench\n  --data is real or generated, --rows, --runs, --records and --minutes are whole numbers.\n';

/** Exit codes as everywhere: 0 right, 1 the two disagree, 2 input wrong. */
async function main(): Promise<number> {
  const [mode, job] = process.argv.slice(2);
  if (mode === 'direct') return runDirect(JSON.parse(job ?? '{}') as DirectJob);
  if (mode === 'measure-orders') return printMeasured(JSON.parse(job ?? '{}') as OrdersJob);
  if (mode === 'send-orders') return timed(() => sendOrders(JSON.parse(job ?? '{}') as SendOrdersJob));
  if (mode === 'direct-consumer') return timed(() => consumeDirectly(JSON.parse(job ?? '{}') as DirectConsumerJob));
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string' }, rows: { type: 'string' }, running: { type: 'boolean', default: false }, runs: { type: 'string' }, records: { type: 'string' }, minutes: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const [rows, runs, records, minutes] = [Number(values.rows ?? (positionals[0] === 'checks' ? 1_000_000 : 540_000)), Number(values.runs ?? 0), Number(values.records ?? 300_000), Number(values.minutes ?? 5)];
  const { data } = values;
  const [what, ...more] = positionals;
  const known = what === undefined || what === 'orchestration' || what === 'stream' || what === 'checks';
  const whole = [rows - 1, runs, records - 1, minutes].every((number) => Number.isInteger(number) && number >= 0);
  if (!known || more.length > 0 || !whole || (data !== undefined && data !== 'real' && data !== 'generated')) {
    process.stderr.write(`${USAGE}${HELP}\n`);
    return 2;
  }
  const say = (text: string): void => void process.stderr.write(`  ${text}\n`);
  if (what === 'orchestration') return benchOrchestration({ running: values.running, runs, say }, values.json);
  if (what === 'stream') return benchStream({ records, minutes, say }, values.json);
  if (what === 'checks') return benchChecks({ rows, say }, values.json);
  return benchRetail({ data, rows, say }, values.json);
}

async function benchRetail(options: CompareOptions, json: boolean): Promise<number> {
  const comparison = await compare(options);
  if (json) printJson(comparison);
  else printComparison(comparison);
  return comparison.same ? 0 : 1;
}

async function benchOrchestration(options: OrchestrationOptions, json: boolean): Promise<number> {
  const orchestration = await measureOrchestration(options);
  if (json) printJson(orchestration);
  else printOrchestration(orchestration);
  return 0;
}

async function benchStream(options: StreamOptions, json: boolean): Promise<number> {
  const figures = await measureStream(options);
  if (json) printJson(figures);
  else printStream(figures);
  return figures.same ? 0 : 1;
}

async function benchChecks(options: CheckOptions, json: boolean): Promise<number> {
  const figures = await compareChecks(options);
  if (json) printJson(figures);
  else printChecks(figures);
  return figures.wrong.length === 0 ? 0 : 1;
}

function printJson(figures: object): void {
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
}

/** A job in a process of its own: does it and prints its CPU seconds. */
async function timed(job: () => Promise<void>): Promise<number> {
  await job();
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  process.stdout.write(String((userCPUTime + systemCPUTime) / 1e6));
  return 0;
}

/** Measures checks in a process of its own and says how much memory that took. */
async function printMeasured(job: OrdersJob): Promise<number> {
  const measured = await measureOrders(job);
  process.stdout.write(JSON.stringify({ ...measured, peak: process.resourceUsage().maxRSS * 1024 }));
  return 0;
}

/** The direct script's own process: it does the job and says what it used. */
async function runDirect(job: DirectJob): Promise<number> {
  const outcome = await direct(job);
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  process.stdout.write(JSON.stringify({ outcome, usage: { cpu: (userCPUTime + systemCPUTime) / 1e6, peak: maxRSS * 1024 } }));
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
