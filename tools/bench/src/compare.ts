import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { realRetailFolder } from '@weir/e2e';
import { generateRetail } from '@weir/generate';
import { connect } from '@weir/rpc';
import { readState, ROOT, SERVICES, type PlatformState } from '@weir/servers';
import { Client as Postgres } from 'pg';
import { applyTo, withPlatform } from './bench-platform';
import type { DirectJob, DirectOutcome } from './direct';
import { usageOf, type Usage } from './process-usage';

const run = promisify(execFile);
const RANGE = { start: '2010-12-01', end: '2011-12-10' };
/** Days of that range on which the generated shop is open. */
const OPEN_DAYS = 321;
const DIRECT_SCHEMA = 'retail_direct';

/** What to compare on; `say` is told what takes time. */
export interface CompareOptions {
  readonly data: 'real' | 'generated' | undefined;
  readonly rows: number;
  readonly say: (text: string) => void;
}

/** One process during one of the two jobs. */
export interface ProcessFigures extends Usage {
  readonly name: string;
}

/** One job: wall seconds, and CPU and peak memory of every process that took part. */
export interface JobFigures {
  readonly wall: number;
  readonly processes: readonly ProcessFigures[];
}

/** The two jobs on the same data, and whether they gave the same rows. */
export interface Comparison {
  readonly data: 'real' | 'generated';
  readonly read: number;
  readonly weir: JobFigures;
  readonly direct: JobFigures;
  /** Where the pipeline's time went; load's tables and the refresh are inside their stages. */
  readonly stages: readonly { readonly stage: string; readonly seconds: number }[];
  readonly same: boolean;
}

/** Runs both jobs one after the other on a platform of its own, which is stopped and removed at the end. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  return withPlatform(options, async (state, temporary) => {
    const { folder, data } = await dataFolder(options, temporary);
    return { data, ...(await bothJobs(state, folder, options.say)) };
  });
}

async function dataFolder({ data, rows, say }: CompareOptions, temporary: string): Promise<{ folder: string; data: 'real' | 'generated' }> {
  const real = realRetailFolder();
  if (data === 'real' && !real) throw new Error('There is no real data: set WEIR_RETAIL_DATA to its folder, or use --data generated.');
  if (real && data !== 'generated') return { folder: real, data: 'real' };
  say(`generating about ${rows} rows`);
  const folder = join(temporary, 'retail');
  await generateRetail(folder, { from: RANGE.start, days: 374, rowsPerDay: Math.max(1, Math.round(rows / OPEN_DAYS)), seed: 1 });
  return { folder, data: 'generated' };
}

async function bothJobs(state: PlatformState, folder: string, say: (text: string) => void): Promise<Omit<Comparison, 'data'>> {
  await applyTo(state, join(ROOT, 'examples/retail'), { RETAIL_PATH: folder });
  say('running the pipeline');
  const weir = await measured(state.home, [...SERVICES, 'postgres', 'temporal'], () => runPipeline(state));
  say('running the direct script');
  const job: DirectJob = { folder, scratch: join(state.home, 'direct'), postgres: state.warehouse, schema: DIRECT_SCHEMA, threads: 2 };
  mkdirSync(job.scratch);
  const direct = await measured(state.home, ['postgres'], () => runDirect(job));
  return {
    read: direct.result.outcome.read,
    weir: weir.figures,
    direct: { wall: direct.figures.wall, processes: [{ name: 'script', ...direct.result.usage }, ...direct.figures.processes] },
    stages: await stagesOf(state, weir.result),
    same: await sameTables(state),
  };
}

async function measured<T>(home: string, names: readonly string[], job: () => Promise<T>): Promise<{ result: T; figures: JobFigures }> {
  const pids = new Map(readState(home)?.processes.map(({ name, process }) => [name, process?.pid ?? 0]));
  const usage = (name: string): Usage => usageOf(pids.get(name) ?? 0);
  const before = new Map(names.map((name) => [name, usage(name)]));
  const started = performance.now();
  const result = await job();
  const wall = (performance.now() - started) / 1000;
  const processes = names.map((name) => {
    const { cpu, peak } = usage(name);
    return { name, cpu: cpu - (before.get(name)?.cpu ?? 0), peak };
  });
  return { result, figures: { wall, processes } };
}

/** Runs the pipeline to its end and gives the run's id. */
async function runPipeline(state: PlatformState): Promise<string> {
  const connection = await Connection.connect({ address: state.temporal });
  try {
    const client = new Client({ connection, namespace: state.namespace });
    const end: unknown = await client.workflow.execute('pipelineRun', { taskQueue: 'weir', workflowId: 'run/retail/bench', args: [{ pipeline: 'retail', interval: RANGE }] });
    return (end as { runId: string }).runId;
  } finally {
    await connection.close();
  }
}

async function stagesOf(state: PlatformState, runId: string): Promise<Comparison['stages']> {
  const clients = connect(state.services);
  try {
    const { stages } = await clients.runs.getRun({ run: runId });
    return stages.map(({ stage, milliseconds }) => ({ stage, seconds: milliseconds / 1000 }));
  } finally {
    clients.close();
  }
}

async function runDirect(job: DirectJob): Promise<{ outcome: DirectOutcome; usage: Usage }> {
  const { stdout } = await run(process.execPath, [join(ROOT, 'tools/bench/dist/main.js'), 'direct', JSON.stringify(job)], { maxBuffer: 1 << 20 });
  return JSON.parse(stdout) as { outcome: DirectOutcome; usage: Usage };
}

/** Whether the two jobs left the same rows in all four tables; row ids differ by construction. */
async function sameTables({ warehouse }: PlatformState): Promise<boolean> {
  const { host, port, database, user, password } = warehouse;
  const client = new Postgres({ host, port, database, user, password });
  await client.connect();
  try {
    const tables = {
      lines: 'invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country, total, is_cancellation, day',
      revenue_by_day_country: 'day, country, orders, units, revenue, cancelled_revenue',
      top_products_by_day: 'day, rank, stock_code, units, revenue',
      customer_features: 'customer_id, first_order_at, last_order_at, frequency, monetary',
    };
    for (const [name, columns] of Object.entries(tables)) {
      const one = `select ${columns} from retail.${name}`;
      const other = `select ${columns} from ${DIRECT_SCHEMA}.${name}`;
      const { rowCount } = await client.query(`(${one} except all ${other}) union all (${other} except all ${one}) limit 1`);
      if (rowCount !== 0) return false;
    }
    return true;
  } finally {
    await client.end();
  }
}
