import { DuckDBInstance } from '@duckdb/node-api';
import { quoteLiteral, type CheckOutcome } from '@weir/core';
import { measureChecks, withEngine } from '@weir/engine';
import { ordersContract } from './orders-contract';

/** A job in a process of its own. */
export interface OrdersJob {
  readonly by: 'weir' | 'sql';
  /** Parquet file of orders. */
  readonly file: string;
  /** Empty folder for what does not fit into memory. */
  readonly scratch: string;
  readonly which: 'ten' | 'all';
  readonly threads: number;
  readonly memoryLimit: string;
}

/** Numbers by the name of their check. */
export type OrdersNumbers = Readonly<Record<string, number | undefined>>;

export interface OrdersMeasured {
  readonly seconds: number;
  /** CPU seconds, all threads: what it would take where nothing else runs is at least this over the threads. */
  readonly cpu: number;
  readonly numbers: OrdersNumbers;
}

/** Does a job: opens an engine, measures, closes it. The contract is compiled before, as a run finds it. */
export async function measureOrders(job: OrdersJob): Promise<OrdersMeasured> {
  const measure = job.by === 'weir' ? await byContract(job) : () => bySql(job);
  const [started, before] = [performance.now(), process.cpuUsage()];
  const numbers = await measure();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - started) / 1_000, cpu: (user + system) / 1e6, numbers };
}

async function byContract({ file, scratch, which, threads, memoryLimit }: OrdersJob): Promise<() => Promise<OrdersNumbers>> {
  const { checks, columns } = await ordersContract(which);
  return () =>
    withEngine({ inputs: [file], staging: scratch, threads, memoryLimit }, async (engine) => {
      const relation = `(select * from read_parquet(${quoteLiteral(file)}, file_row_number = true))`;
      const outcomes = await measureChecks(engine, checks, { dataset: 'bronze.orders', columns, relation, beforeDedupe: relation, key: [], place: 'file_row_number::VARCHAR', until: '2026-04-01T00:00:00Z', history: [], grains: 1, others: new Map() });
      return Object.fromEntries(outcomes.map((outcome) => [outcome.check.replace('orders.', ''), numberOf(outcome)]));
    });
}

/** How many rows fail, or the number itself. */
function numberOf({ failed, value, error, check }: CheckOutcome): number | undefined {
  if (error !== undefined) throw new Error(`${check}: ${error}`);
  return failed ?? value;
}

const STATUSES = `'created', 'paid', 'shipped', 'delivered', 'cancelled', 'refunded', 'on_hold'`;

const TEN_SQL = `
  count(*) filter (order_id is null) as order_id_there, count(*) filter (customer_id is null) as customer_id_there, count(*) filter (email is null) as email_there,
  count(*) filter (updated_at is null) as updated_at_there, count(*) filter (quantity not between 1 and 1000) as quantity_range,
  quantile_disc(unit_price, [0.01, 0.99]) as q, (q[1] < 1 or q[1] > 10)::int + (q[2] < 10 or q[2] > 1000)::int as unit_price_quantiles,
  count(*) filter (not regexp_matches(email, '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$')) as email_form,
  count(*) filter (status not in (${STATUSES})) as status_known, epoch(max(created_at)) as created_at_fresh`;

const FIFTEEN_SQL = `
  count(*) filter (not regexp_matches(sku, '^SKU-[0-9]{5}$')) as sku_form, count(*) filter (length(sku) <> 9) as sku_length,
  count(*) filter (currency not in ('USD', 'GBP', 'EUR', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'CHF', 'HUF', 'RON', 'BGN')) as currency_known,
  count(*) filter (length(country) <> 2) as country_length, count(distinct country) as country_count, 7 - count(distinct status) filter (status in (${STATUSES})) as status_all,
  count(*) as row_count, count(*) filter (unit_price not between 0.5 and 5000) as unit_price_range, avg(unit_price) as unit_price_mean, stddev_samp(unit_price) as unit_price_spread,
  count(*) filter (updated_at < created_at) as updated_after_created, count(*) filter (quantity * unit_price > 50000) as order_below_limit,
  epoch(timestamp '2026-04-01') - epoch(max(created_at)) as created_at_age, count(*) filter (country = 'US' and currency <> 'USD') as country_and_currency`;

/** The same numbers by one query, written by hand. */
async function bySql({ file, scratch, which, threads, memoryLimit }: OrdersJob): Promise<OrdersNumbers> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(threads), memory_limit: memoryLimit, temp_directory: scratch });
  const connection = await instance.connect();
  const from = `read_parquet(${quoteLiteral(file)})`;
  const groups = [
    `(select coalesce(sum(n) filter (n > 1), 0) from (select count(*) as n from ${from} group by order_id)) as order_id_unique`,
    ...(which === 'all' ? [`(select coalesce(sum(n - 1), 0) from (select count(*) as n from ${from} group by order_id, sku)) as order_and_sku_unique`] : []),
  ];
  const reader = await connection.runAndReadAll(`select ${[TEN_SQL, ...(which === 'all' ? [FIFTEEN_SQL] : []), ...groups].join(', ')} from ${from}`);
  const [row = {}] = reader.getRowObjectsJS();
  connection.closeSync();
  instance.closeSync();
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'q').map(([name, value]) => [name, Number(value)]));
}
