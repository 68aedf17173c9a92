import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withEngine } from '@weir/engine';
import { tempDir } from '@weir/testkit';
import { inProcess } from '../job-process';
import { spreadOf, type Spread } from '../spread';
import type { OrdersJob, OrdersMeasured } from './measure-orders';
import { writeOrders, type OrdersTruth } from './orders-file';

const THREADS = 2;
const MEMORY_LIMIT = '512MB';
const SEED = 42;
/** How often each side measures, in turn, so that what else the machine does falls on both. */
const ROUNDS = 5;

export interface CheckOptions {
  readonly rows: number;
  readonly say: (text: string) => void;
}

/** One side: seconds of its rounds, by the clock and of CPU, and the highest resident memory of a process that did it, bytes. */
export interface SideFigures {
  readonly seconds: Spread;
  readonly cpu: Spread;
  readonly peak: number;
}

export interface CheckFigures {
  readonly rows: number;
  readonly checks: { readonly ten: Comparison; readonly all: Comparison };
  /** Names of checks whose number is not the one that the file was made with. */
  readonly wrong: readonly string[];
  readonly truth: OrdersTruth;
}

interface Comparison {
  readonly weir: SideFigures;
  readonly sql: SideFigures;
}

interface Outcome extends OrdersMeasured {
  readonly peak: number;
}

/** Ten and 25 checks over a Parquet file of orders, beside one query for each that was written by hand; each measurement in a process of its own. */
export async function compareChecks({ rows, say }: CheckOptions): Promise<CheckFigures> {
  const dir = await tempDir();
  try {
    const file = join(dir.path, 'orders.parquet');
    say(`writing ${rows} orders`);
    const truth = await withEngine({ inputs: [], staging: dir.path, memoryLimit: '1GB', threads: THREADS }, (engine) => writeOrders(engine, file, rows, SEED));
    const compare = (which: OrdersJob['which']) => compared({ file, scratch: join(dir.path, which), which }, say);
    const [ten, all] = [await compare('ten'), await compare('all')];
    return { rows, checks: { ten: ten.figures, all: all.figures }, wrong: wrongOnes(truth, ten.numbers), truth };
  } finally {
    await dir.dispose();
  }
}

async function compared({ file, scratch, which }: Pick<OrdersJob, 'file' | 'scratch' | 'which'>, say: (text: string) => void): Promise<{ figures: Comparison; numbers: OrdersMeasured['numbers'] }> {
  say(`measuring ${which === 'ten' ? 'ten' : '25'} checks`);
  mkdirSync(scratch);
  const outcomes: Record<OrdersJob['by'], Outcome[]> = { weir: [], sql: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const by of ['weir', 'sql'] as const) outcomes[by].push(await inProcess<Outcome>('measure-orders', { by, file, scratch, which, threads: THREADS, memoryLimit: MEMORY_LIMIT } satisfies OrdersJob));
  }
  const side = (by: OrdersJob['by']): SideFigures => ({ seconds: spreadOf(outcomes[by].map(({ seconds }) => seconds)), cpu: spreadOf(outcomes[by].map(({ cpu }) => cpu)), peak: Math.max(...outcomes[by].map(({ peak }) => peak)) });
  return { figures: { weir: side('weir'), sql: side('sql') }, numbers: outcomes.weir[0]?.numbers ?? {} };
}

function wrongOnes(truth: OrdersTruth, numbers: OrdersMeasured['numbers']): string[] {
  const right = {
    order_id_there: 0, customer_id_there: 0, email_there: 0, updated_at_there: truth.nullUpdated, order_id_unique: truth.sharedRows,
    quantity_range: truth.negativeQuantity, unit_price_quantiles: 0, email_form: truth.badEmail, status_known: truth.badStatus,
  };
  return Object.entries(right).flatMap(([name, number]) => (numbers[name] === number ? [] : [`${name}: ${numbers[name]}, not ${number}`]));
}
