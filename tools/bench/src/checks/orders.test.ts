import { join } from 'node:path';
import { withEngine } from '@weir/engine';
import { tempDir } from '@weir/testkit';
import { measureOrders } from './measure-orders';
import { writeOrders, type OrdersTruth } from './orders-file';

const ROWS = 20_000;

async function withOrders(seed: number, body: (truth: OrdersTruth, file: string, scratch: string) => Promise<void>): Promise<void> {
  const dir = await tempDir();
  try {
    const file = join(dir.path, 'orders.parquet');
    const truth = await withEngine({ inputs: [], staging: dir.path, memoryLimit: '256MB', threads: 2 }, (engine) => writeOrders(engine, file, ROWS, seed));
    await body(truth, file, dir.path);
  } finally {
    await dir.dispose();
  }
}

test.each([1, 2])('the ten checks find in an orders file of seed %i what is wrong with it', (seed) =>
  withOrders(seed, async (truth, file, scratch) => {
    // About as many as there are to be; none of them would hide a check that finds nothing.
    expect(truth).toMatchObject({ rows: ROWS, unique: ROWS * 0.99 });
    for (const [faults, share] of [[truth.nullUpdated, 0.003], [truth.negativeQuantity, 0.002], [truth.badEmail, 0.005], [truth.badStatus, 0.001], [truth.sharedRows, 0.02]] as const) expect(Math.abs(faults / ROWS - share)).toBeLessThan(share);
    const { numbers } = await measureOrders({ by: 'weir', file, scratch, which: 'ten', threads: 2, memoryLimit: '256MB' });
    expect(numbers).toEqual({
      order_id_there: 0,
      customer_id_there: 0,
      email_there: 0,
      updated_at_there: truth.nullUpdated,
      order_id_unique: truth.sharedRows,
      quantity_range: truth.negativeQuantity,
      unit_price_quantiles: 0,
      email_form: truth.badEmail,
      status_known: truth.badStatus,
      created_at_fresh: expect.any(Number),
    });
  }),
);

test('all 25 checks give the numbers of the query that was written by hand', () =>
  withOrders(3, async (_truth, file, scratch) => {
    const job = { file, scratch, which: 'all', threads: 2, memoryLimit: '256MB' } as const;
    const [weir, sql] = [await measureOrders({ ...job, by: 'weir' }), await measureOrders({ ...job, by: 'sql' })];
    expect(Object.keys(weir.numbers)).toHaveLength(25);
    expect(Object.keys(sql.numbers).toSorted()).toEqual(Object.keys(weir.numbers).toSorted());
    for (const [name, number] of Object.entries(sql.numbers)) expect(weir.numbers[name]).toBeCloseTo(number ?? Number.NaN, 6);
  }));
