import type { Pool } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { RetailTables } from './oracle';

const COLUMNS: Record<keyof RetailTables, string> = {
  lines: 'invoice_no, stock_code, description, quantity, invoice_date::timestamp(0), unit_price::numeric(18,3), customer_id, country, total::numeric(18,3), is_cancellation, day::date',
  revenue_by_day_country: 'day::date, country, orders, units, revenue::numeric(18,3), cancelled_revenue::numeric(18,3)',
  top_products_by_day: 'day::date, rank, stock_code, units, revenue::numeric(18,3)',
  customer_features: 'customer_id, first_order_at::timestamp(0), last_order_at::timestamp(0), frequency, monetary::numeric(18,3)',
};

/** The retail tables of a schema as they stand in the destination, in the oracle's form. */
export async function retailTables(warehouse: Pool, schema: string): Promise<RetailTables> {
  const tables: Partial<Record<keyof RetailTables, string[]>> = {};
  for (const [name, columns] of Object.entries(COLUMNS)) tables[name as keyof RetailTables] = await rows(warehouse, `select ${columns} from "${schema}"."${name}"`);
  return tables as RetailTables;
}

/** Fails unless the tables hold the same rows; shows the first rows of each that the other lacks. */
export function expectSameTables(found: RetailTables, wanted: RetailTables): void {
  const difference = Object.fromEntries(
    (Object.keys(COLUMNS) as (keyof RetailTables)[]).map((name) => [name, { rows: found[name].length, missing: missing(wanted[name], found[name]), unexpected: missing(found[name], wanted[name]) }]),
  );
  const none = Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, { rows: wanted[name as keyof RetailTables].length, missing: [], unexpected: [] }]));
  expect(difference).toEqual(none);
}

/** The first rows of a sorted list that another sorted list has less often. */
function missing(rowsOf: readonly string[], others: readonly string[]): string[] {
  const found: string[] = [];
  let at = 0;
  for (const row of rowsOf) {
    while (at < others.length && (others[at] ?? '') < row) at += 1;
    if (others[at] === row) at += 1;
    else if (found.push(row) === 5) break;
  }
  return found;
}

async function rows(warehouse: Pool, query: string): Promise<string[]> {
  const client = await warehouse.connect();
  try {
    await client.query("set timezone = 'UTC'; set datestyle = 'ISO'");
    const chunks: Buffer[] = [];
    for await (const chunk of client.query(copyTo(`copy (${query}) to stdout`))) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    return text === '' ? [] : text.slice(0, -1).split('\n').sort();
  } finally {
    client.release();
  }
}
