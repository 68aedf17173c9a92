import { parseArgs } from 'node:util';
import { compare, type CompareOptions } from './compare';
import { direct, type DirectJob } from './direct';
import { measureOrchestration, type OrchestrationOptions } from './orchestration';
import { printComparison } from './print-comparison';
import { printOrchestration } from './print-orchestration';

const HELP = `Usage: npm run bench -- [--data real|generated] [--rows <number>] [--json]
       npm run bench -- orchestration [--running] [--runs <number>] [--json]

Runs the retail example over all its data on a platform of its own, then the same job as one direct script
(DuckDB and COPY) into the same Postgres, and compares wall time, CPU and memory of every process.

  --data     real: the data in WEIR_RETAIL_DATA or beside the repository; generated: made here. Default: real where present.
  --rows     rows of generated data, about 540000 by default.
  --json     the figures as JSON.

orchestration: what is left when there is no work: the time between stages, a trivial run, a backfill of 24 of them, and live
runs beside a backfill of 5,000.

  --running  on the platform that is up, where the pipeline bench_trivial and its runs stay; else on one of its own.
  --runs     watch the memory of all services over this many runs too, such as 2000 (a quarter of an hour).`;

const USAGE = 'INVALID_VALUE  bench\n  --data is real or generated, --rows and --runs are whole numbers.\n';

/** Exit codes as everywhere: 0 right, 1 the two disagree, 2 input wrong. */
async function main(): Promise<number> {
  const [mode, job] = process.argv.slice(2);
  if (mode === 'direct') return runDirect(JSON.parse(job ?? '{}') as DirectJob);
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string' }, rows: { type: 'string' }, running: { type: 'boolean', default: false }, runs: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const [rows, runs] = [Number(values.rows ?? 540_000), Number(values.runs ?? 0)];
  const { data } = values;
  const [what, ...more] = positionals;
  const known = what === undefined || what === 'orchestration';
  if (!known || more.length > 0 || !Number.isInteger(rows) || rows < 1 || !Number.isInteger(runs) || runs < 0 || (data !== undefined && data !== 'real' && data !== 'generated')) {
    process.stderr.write(`${USAGE}${HELP}\n`);
    return 2;
  }
  const say = (text: string): void => void process.stderr.write(`  ${text}\n`);
  if (what === 'orchestration') return benchOrchestration({ running: values.running, runs, say }, values.json);
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

function printJson(figures: object): void {
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
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
