import { parseArgs } from 'node:util';
import { compareChecks, type CheckOptions } from './checks/compare-checks';
import { printChecks } from './checks/print-checks';
import { compare, type CompareOptions } from './compare';
import { compareDestinations, type DestinationOptions } from './destinations/compare-destinations';
import { printDestinations } from './destinations/print-destinations';
import { measureOrchestration, type OrchestrationOptions } from './orchestration';
import { printComparison } from './print-comparison';
import { printOrchestration } from './print-orchestration';
import { measureStream, type StreamOptions } from './stream/measure-stream';
import { printStream } from './stream/print-stream';
import { compareOrders, type OrdersOptions } from './w1/compare-orders';
import { printOrders } from './w1/print-orders';

const HELP = `Usage: npm run bench -- [--data real|generated] [--rows <number>] [--json]
       npm run bench -- orchestration [--running] [--runs <number>] [--json]
       npm run bench -- stream [--records <number>] [--minutes <number>] [--json]
       npm run bench -- checks [--rows <number>] [--json]
       npm run bench -- w1 [--rows <number>,<number>,…] [--json]
       npm run bench -- destinations [--rows <number>] [--json]

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

checks: ten and 25 checks over a Parquet file of orders, beside the same by one query that was written by hand.

w1: a CSV file of orders through ten checks into two tables that are upserted: into empty ones, again, and with one order in a hundred
changed; beside a direct script, and beside scripts of other tools where WEIR_PEERS_HOME (default ~/.cache/weir-peers) has them.

  --rows     lines of the files, 100000,1000000 by default; 5000000 takes half an hour.

destinations: the orders of w1 into a table that refuses none of them, one, or a hundred, and into files of each format, beside the
engine's own COPY into such files.

  --rows     lines of the file, 1000000 by default, 10000 at least.`;

const USAGE = 'INVALID_VALUE  bench\n  --data is real or generated, --rows, --runs, --records and --minutes are whole numbers; --rows of w1 may be several, with commas.\n';

/** What there is to bench, and the rows of its data unless told otherwise. */
const ROWS: Readonly<Record<string, string>> = { retail: '540000', orchestration: '1', stream: '1', checks: '1000000', w1: '100000,1000000', destinations: '1000000' };

/** Does what the command line asks for. Exit codes as everywhere: 0 right, 1 the two disagree, 2 input wrong. */
export async function benchCommand(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string' }, rows: { type: 'string' }, running: { type: 'boolean', default: false }, runs: { type: 'string' }, records: { type: 'string' }, minutes: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const [what = 'retail', ...more] = positionals;
  const sizes = (values.rows ?? ROWS[what] ?? '').split(',').map(Number);
  const [rows = 0, runs, records, minutes] = [sizes[0], Number(values.runs ?? 0), Number(values.records ?? 300_000), Number(values.minutes ?? 5)];
  const { data } = values;
  const known = Object.hasOwn(ROWS, what) && (what === 'w1' || sizes.length === 1);
  const whole = [...sizes.map((size) => size - 1), runs, records - 1, minutes].every((number) => Number.isInteger(number) && number >= 0);
  if (!known || more.length > 0 || !whole || (data !== undefined && data !== 'real' && data !== 'generated')) {
    process.stderr.write(`${USAGE}${HELP}\n`);
    return 2;
  }
  const say = (text: string): void => void process.stderr.write(`  ${text}\n`);
  if (what === 'orchestration') return benchOrchestration({ running: values.running, runs, say }, values.json);
  if (what === 'stream') return benchStream({ records, minutes, say }, values.json);
  if (what === 'checks') return benchChecks({ rows, say }, values.json);
  if (what === 'destinations') return benchDestinations({ rows: Math.max(rows, 10_000), say }, values.json);
  if (what === 'w1') return benchOrders({ sizes, say }, values.json);
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

async function benchOrders(options: OrdersOptions, json: boolean): Promise<number> {
  const figures = await compareOrders(options);
  if (json) printJson(figures);
  else printOrders(figures);
  return 0;
}

async function benchDestinations(options: DestinationOptions, json: boolean): Promise<number> {
  const figures = await compareDestinations(options);
  if (json) printJson(figures);
  else printDestinations(figures);
  return 0;
}

function printJson(figures: object): void {
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
}
