import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quoteLiteral } from '@weir/core';
import { withEngine, type Engine } from '@weir/engine';
import { writeOrders } from '../checks/orders-file';

const SEED = 42;
const THREADS = 2;
/** One order in so many is another in the changed file. */
const CHANGED_ONE_IN = 100;

/** How many rows have which fault. */
export interface Faults {
  readonly nullUpdated: number;
  readonly negativeQuantity: number;
  readonly badEmail: number;
  readonly badStatus: number;
}

/** What is right about a file of orders, by how it was made. */
export interface W1Truth {
  /** Lines of the file, without its header. */
  readonly rows: number;
  /** Different orders: the rows of the table. */
  readonly unique: number;
  /** Lines of orders that are there more than once. */
  readonly sharedRows: number;
  /** By line, copies included; and by order. */
  readonly lines: Faults;
  readonly orders: Faults;
  /** Days and countries with orders: the rows of the daily table. */
  readonly groups: number;
  readonly quantity: number;
  /** Sum of all totals, with two digits after the point. */
  readonly revenue: string;
}

/** A file of orders. */
export interface OrdersData {
  /** Absolute path of a CSV file. */
  readonly file: string;
  readonly truth: W1Truth;
}

/**
 * Writes orders as CSV into a folder, with the faults of checks/orders-file.ts and 1 % copies: `base`, and `changed`, in which each hundredth order has another quantity and was
 * updated later. Beside each lies its `.expect.json`, which the scripts of other tools read.
 */
export async function writeOrdersData(folder: string, rows: number): Promise<{ base: OrdersData; changed: OrdersData }> {
  return withEngine({ inputs: [], staging: folder, memoryLimit: '1GB', threads: THREADS }, async (engine) => {
    const parquet = join(folder, 'orders.parquet');
    const { sharedRows } = await writeOrders(engine, parquet, rows, SEED);
    const orders = `read_parquet(${quoteLiteral(parquet)})`;
    const changes = `order_id[5:]::BIGINT % ${CHANGED_ONE_IN} = 0`;
    const changed = `(select * replace (case when ${changes} then quantity + sign(quantity)::BIGINT else quantity end as quantity, case when ${changes} then updated_at + interval 1 hour else updated_at end as updated_at) from ${orders})`;
    return { base: await writeCsv(engine, join(folder, 'orders.csv'), orders, sharedRows), changed: await writeCsv(engine, join(folder, 'orders-changed.csv'), changed, sharedRows) };
  });
}

async function writeCsv(engine: Engine, file: string, orders: string, sharedRows: number): Promise<OrdersData> {
  const instant = (column: string): string => `strftime(${column}, '%Y-%m-%dT%H:%M:%SZ') as ${column}`;
  await engine.run(`copy (select * replace (${instant('created_at')}, ${instant('updated_at')}) from ${orders}) to ${quoteLiteral(file)} (format csv, header)`);
  const [lines, once] = [await countFaults(engine, orders), await countFaults(engine, `(select distinct * from ${orders})`)];
  const [sums] = await engine.rows<Pick<W1Truth, 'groups' | 'quantity' | 'revenue'>>(`
    select count(distinct (created_at::DATE, country))::INTEGER as groups, sum(quantity)::BIGINT as quantity, sum(quantity * unit_price::DECIMAL(12, 2))::DECIMAL(18, 2)::VARCHAR as revenue from (select distinct * from ${orders})`);
  if (!sums) throw new Error('The engine said nothing about the orders.');
  const truth = { rows: lines.rows, unique: once.rows, sharedRows, lines: lines.faults, orders: once.faults, ...sums };
  await writeFile(file.replace(/\.csv$/, '.expect.json'), JSON.stringify(expectation(truth)));
  return { file, truth };
}

async function countFaults(engine: Engine, orders: string): Promise<{ rows: number; faults: Faults }> {
  const [counted] = await engine.rows<Faults & { rows: number }>(`
    select count(*)::INTEGER as rows, count(*) filter (where updated_at is null)::INTEGER as "nullUpdated", count(*) filter (where quantity < 0)::INTEGER as "negativeQuantity",
      count(*) filter (where email like '%\\_at\\_nowhere' escape '\\')::INTEGER as "badEmail", count(*) filter (where status = 'lost_in_space')::INTEGER as "badStatus" from ${orders}`);
  if (!counted) throw new Error('The engine said nothing about the orders.');
  const { rows, ...faults } = counted;
  return { rows, faults };
}

/** In the words of the scripts. */
function expectation({ rows, unique, sharedRows, lines, groups, revenue }: W1Truth): object {
  return { rows, unique, dup_rows_all: sharedRows, null_updated: lines.nullUpdated, neg_qty: lines.negativeQuantity, bad_email: lines.badEmail, bad_status: lines.badStatus, sum_total: Number(revenue), groups };
}
