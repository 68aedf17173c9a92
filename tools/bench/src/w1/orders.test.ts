import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileDefinition } from '@weir/core';
import { inspector } from '@weir/engine';
import { tempDir } from '@weir/testkit';
import { writeOrdersData, type OrdersData } from './orders-data';
import { writeOrdersPipeline } from './orders-pipeline';

const ROWS = 20_000;

async function inFolder(body: (path: string) => Promise<void>): Promise<void> {
  const dir = await tempDir();
  try {
    await body(dir.path);
  } finally {
    await dir.dispose();
  }
}

/** Lines by column name; no field has quotes. */
function linesOf({ file }: OrdersData): Record<string, string>[] {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((field, at) => [names[at] ?? '', field])));
}

/** The truth of a file, counted from its text. */
function counted(data: OrdersData): OrdersData['truth'] {
  const lines = linesOf(data);
  const orders = new Map(lines.map((line) => [line['order_id'], line]));
  const copies = new Map<string | undefined, number>();
  for (const { order_id } of lines) copies.set(order_id, (copies.get(order_id) ?? 0) + 1);
  const faults = (rows: Iterable<Record<string, string>>): OrdersData['truth']['lines'] => {
    const count = (is: (row: Record<string, string>) => boolean): number => [...rows].filter(is).length;
    return { nullUpdated: count((row) => row['updated_at'] === ''), negativeQuantity: count((row) => Number(row['quantity']) < 0), badEmail: count((row) => !row['email']?.includes('@')), badStatus: count((row) => row['status'] === 'lost_in_space') };
  };
  const each = [...orders.values()];
  const cents = each.reduce((sum, row) => sum + Number(row['quantity']) * Math.round(Number(row['unit_price']) * 100), 0);
  return {
    rows: lines.length,
    unique: orders.size,
    sharedRows: [...copies.values()].filter((count) => count > 1).reduce((sum, count) => sum + count, 0),
    lines: faults(lines),
    orders: faults(each),
    groups: new Set(each.map((row) => `${row['created_at']?.slice(0, 10)} ${row['country']}`)).size,
    quantity: each.reduce((sum, row) => sum + Number(row['quantity']), 0),
    revenue: (cents / 100).toFixed(2),
  };
}

test('orders files hold what their truth says, and one order in a hundred changes', () =>
  inFolder(async (path) => {
    const { base, changed } = await writeOrdersData(path, ROWS);
    expect(base.truth).toEqual(counted(base));
    expect(base.truth).toMatchObject({ rows: ROWS, unique: ROWS * 0.99 });
    expect(changed.truth).toEqual(counted(changed));
    const after = linesOf(changed);
    const different = linesOf(base).flatMap((line, at) => (JSON.stringify(line) === JSON.stringify(after[at]) ? [] : [{ from: line, to: after[at] }]));
    expect(new Set(different.map(({ from }) => from['order_id'])).size).toBe((ROWS * 0.99) / 100);
    for (const { from, to } of different) expect({ ...from, quantity: '', updated_at: '' }).toEqual({ ...to, quantity: '', updated_at: '' });
    // What the scripts of other tools hold their results against.
    const { rows, unique, sharedRows, lines, groups, revenue } = base.truth;
    expect(JSON.parse(readFileSync(join(path, 'orders.expect.json'), 'utf8'))).toEqual({
      rows, unique, groups, dup_rows_all: sharedRows, null_updated: lines.nullUpdated, neg_qty: lines.negativeQuantity, bad_email: lines.badEmail, bad_status: lines.badStatus, sum_total: Number(revenue),
    });
  }));

test('the pipeline of the orders compiles: two tables by key, the newest version of an order, ten checks', () =>
  inFolder(async (path) => {
    const folder = join(path, 'w1');
    mkdirSync(folder);
    writeOrdersPipeline(folder, 'w1', '/data/orders.csv');
    const files = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.includes('.')).map((name) => ({ path: name, text: readFileSync(join(folder, name), 'utf8') }));
    const compiled = await compileDefinition(files, '/', inspector, { newest: () => Promise.resolve(undefined), names: () => Promise.resolve([]) });
    if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
    const { models, contract } = compiled.definition;
    expect(models.map(({ zone, name, scope, key, sequence, writeMode }) => ({ zone, name, scope, key, sequence, writeMode }))).toEqual([
      { zone: 'silver', name: 'orders', scope: 'row', key: ['order_id'], sequence: 'updated_at', writeMode: 'upsert' },
      { zone: 'gold', name: 'daily', scope: 'interval', key: ['order_date', 'country'], sequence: undefined, writeMode: 'upsert' },
    ]);
    expect(contract.datasets[0]?.checks).toHaveLength(10);
  }));
