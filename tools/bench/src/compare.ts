import { mkdirSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { realRetailFolder } from '@weir/e2e';
import { generateRetail } from '@weir/generate';
import { ROOT, SERVICES, type PlatformState } from '@weir/servers';
import { applyTo, withPlatform } from './bench-platform';
import type { DirectJob, DirectOutcome } from './direct';
import { inProcess } from './job-process';
import { measured, type JobFigures } from './measured-job';
import type { Usage } from './process-usage';
import { recordOf, runPipeline } from './run-pipeline';
import { withPostgres } from './with-postgres';

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
    return { data, ...(await bothJobs(state, { folder, pipeline: await withoutStar(temporary) }, options.say)) };
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

/** A copy of the example without the star, which the direct script does not build. */
async function withoutStar(temporary: string): Promise<string> {
  const copy = join(temporary, 'pipeline');
  await cp(join(ROOT, 'examples/retail'), copy, { recursive: true, filter: (path) => !/(dim_|fact_|star)\w*\.(sql|yaml)$/.test(path) });
  const file = join(copy, 'pipeline.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/^ +(dim_|# the star).*\n/gm, ''));
  return copy;
}

async function bothJobs(state: PlatformState, { folder, pipeline }: { readonly folder: string; readonly pipeline: string }, say: (text: string) => void): Promise<Omit<Comparison, 'data'>> {
  await applyTo(state, pipeline, { RETAIL_PATH: folder });
  say('running the pipeline');
  const weir = await measured(state.home, [...SERVICES, 'postgres', 'temporal'], () => runPipeline(state, 'retail', 'bench', RANGE));
  say('running the direct script');
  const job: DirectJob = { folder, scratch: join(state.home, 'direct'), postgres: state.warehouse, schema: DIRECT_SCHEMA, threads: 2 };
  mkdirSync(job.scratch);
  const direct = await measured(state.home, ['postgres'], () => inProcess<{ outcome: DirectOutcome; usage: Usage }>('direct', job));
  return {
    read: direct.result.outcome.read,
    weir: weir.figures,
    direct: { wall: direct.figures.wall, processes: [{ name: 'script', ...direct.result.usage }, ...direct.figures.processes] },
    stages: (await recordOf(state, weir.result)).stages.map(({ stage, milliseconds }) => ({ stage, seconds: milliseconds / 1000 })),
    same: await sameTables(state),
  };
}

/** Whether the two jobs left the same rows in all four tables; row ids differ by construction. */
async function sameTables({ warehouse }: PlatformState): Promise<boolean> {
  return withPostgres(warehouse, async (client) => {
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
  });
}
