import type { GetRunResponse } from '@weir/rpc';
import type { Client } from 'pg';
import { DAILY_COLUMNS, ORDER_COLUMNS } from './orders-pipeline';
import type { W1Truth } from './orders-data';

/** Throws unless the two tables of a schema have the rows, sums and groups of the truth. */
export async function verifyTables(client: Client, schema: string, { unique, groups, quantity, revenue }: W1Truth): Promise<void> {
  const cents = (sum: string): string => `round((${sum})::numeric, 2)::text`;
  const { rows } = await client.query<Record<string, string>>(`select * from
    (select count(*)::text as orders, sum(quantity)::bigint::text as quantity, ${cents('sum(total)')} as total from ${schema}.orders) o,
    (select count(*)::text as days, sum(orders)::bigint::text as daily_orders, sum(quantity)::bigint::text as daily_quantity, ${cents('sum(revenue)')} as revenue from ${schema}.daily) d`);
  const wanted = { orders: unique, quantity, total: revenue, days: groups, daily_orders: unique, daily_quantity: quantity, revenue };
  for (const [name, right] of Object.entries(wanted)) if (rows[0]?.[name] !== String(right)) throw new Error(`${schema} has ${name} ${rows[0]?.[name]}, not ${right}.`);
}

/** Throws unless two schemas have the same rows in both tables. */
export async function verifySame(client: Client, one: string, other: string): Promise<void> {
  for (const [table, names] of [['orders', ORDER_COLUMNS], ['daily', DAILY_COLUMNS]] as const) {
    // An instant of a table without time zones is one of UTC, and so is the session.
    const columns = names.map((name) => (name.endsWith('_at') ? `${name}::timestamptz` : name)).join(', ');
    const [mine, its] = [`select ${columns} from ${one}.${table}`, `select ${columns} from ${other}.${table}`];
    const { rowCount } = await client.query(`(${mine} except all ${its}) union all (${its} except all ${mine}) limit 1`);
    if (rowCount !== 0) throw new Error(`${one}.${table} and ${other}.${table} differ.`);
  }
}

/** Throws unless a run's record has the accounts of the truth, and its ten checks found what is wrong with the file: copies by line, all else by order. */
export function verifyRecord({ run, stages }: GetRunResponse, { rows, unique, sharedRows, orders }: W1Truth): void {
  const { read = 0, admitted = 0, duplicate = 0 } = run?.accounts ?? {};
  const checks = stages.find(({ stage }) => stage === 'validate')?.checks ?? [];
  const found = new Map(checks.map(({ check, failed }) => [check.replace('lines.', ''), failed]));
  const wanted: Readonly<Record<string, readonly [found: number | undefined, right: number]>> = {
    read: [read, rows],
    admitted: [admitted, unique],
    duplicate: [duplicate, rows - unique],
    checks: [checks.length, 10],
    failures: [checks.filter(({ passed }) => !passed).length, 0],
    order_id_unique: [found.get('order_id_unique'), sharedRows],
    updated_at_there: [found.get('updated_at_there'), orders.nullUpdated],
    quantity_range: [found.get('quantity_range'), orders.negativeQuantity],
    email_form: [found.get('email_form'), orders.badEmail],
    status_known: [found.get('status_known'), orders.badStatus],
    order_id_there: [found.get('order_id_there'), 0],
    customer_id_there: [found.get('customer_id_there'), 0],
    email_there: [found.get('email_there'), 0],
  };
  for (const [name, [number, right]] of Object.entries(wanted)) if (number !== right) throw new Error(`Weir's run has ${name} ${number}, not ${right}.`);
}
