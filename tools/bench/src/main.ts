import { parseArgs } from 'node:util';
import { compare } from './compare';
import { direct, type DirectJob } from './direct';
import { printComparison } from './print-comparison';

const HELP = `Usage: npm run bench -- [--data real|generated] [--rows <number>] [--json]

Runs the retail example over all its data on a platform of its own, then the same job as one direct script
(DuckDB and COPY) into the same Postgres, and compares wall time, CPU and memory of every process.

  --data   real: the data in WEIR_RETAIL_DATA or beside the repository; generated: made here. Default: real where present.
  --rows   rows of generated data, about 540000 by default.
  --json   the figures as JSON.`;

/** Exit codes as everywhere: 0 right, 1 the two disagree, 2 input wrong. */
async function main(): Promise<number> {
  const [mode, job] = process.argv.slice(2);
  if (mode === 'direct') return runDirect(JSON.parse(job ?? '{}') as DirectJob);
  const { values } = parseArgs({ options: { data: { type: 'string' }, rows: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const rows = Number(values.rows ?? 540_000);
  if (!Number.isInteger(rows) || rows < 1 || (values.data !== undefined && values.data !== 'real' && values.data !== 'generated')) {
    process.stderr.write(`INVALID_VALUE  bench\n  --data is real or generated, --rows a whole number.\n${HELP}\n`);
    return 2;
  }
  const comparison = await compare({ data: values.data, rows, say: (text) => void process.stderr.write(`  ${text}\n`) });
  if (values.json) process.stdout.write(`${JSON.stringify(comparison, undefined, 2)}\n`);
  else printComparison(comparison);
  return comparison.same ? 0 : 1;
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
