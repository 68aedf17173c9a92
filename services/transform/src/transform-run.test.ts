import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import type { Progress } from '@weir/rpc';
import { defineShop, historyRequest, intervalRequest, Workshop, type ModelText, type Order } from './testing/workshop';
import { transformRun } from './transform-run';

let shop: Workshop;
beforeEach(async () => {
  shop = await Workshop.open();
});
afterEach(() => shop.close());

const never = new AbortController().signal;
const quiet = (): void => undefined;

const DAYS = ['2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z', '2010-12-03T00:00:00Z'] as const;
const THREE_DAYS = { start: DAYS[0], end: '2010-12-04T00:00:00Z' };

/** The second day has no orders. */
const ORDERS: readonly Order[] = [
  { partition: DAYS[0], product: 'apple', amount: '1.500' },
  { partition: DAYS[0], product: 'pear', amount: '2.250' },
  { partition: DAYS[0], product: 'apple', amount: '0.125' },
  { partition: DAYS[2], product: 'plum', amount: '9.999' },
  { partition: DAYS[2], product: 'pear', amount: '-1.000' },
];

const MODELS: readonly ModelText[] = [
  { name: 'silver.lines', scope: 'row', sql: "select _weir_row_id as line_id, product, amount, amount < 0 as is_return from bronze.orders where product <> 'plum'" },
  { name: 'silver.loud', scope: 'row', sql: 'select upper(product) as product, amount from silver.lines' },
  { name: 'gold.by_product', scope: 'interval', sql: 'select product, count(*) as orders, sum(amount) as total from bronze.orders group by product' },
  { name: 'gold.best', scope: 'interval', sql: 'select product, total from gold.by_product qualify row_number() over (order by total desc, product) = 1' },
  { name: 'gold.totals', scope: 'interval', sql: 'select count(*) as orders, coalesce(sum(amount), 0) as total from silver.loud' },
  { name: 'gold.ever', scope: 'history', sql: 'select product, sum(amount) as total from silver.lines group by product' },
  { name: 'gold.best_ever', scope: 'history', sql: 'select product from gold.ever order by total desc, product limit 1' },
];

const PARTITION = { name: '_weir_partition', type: 'VARCHAR' } as const;
const PRODUCT = { name: 'product', type: 'VARCHAR' } as const;
const TOTAL = { name: 'total', type: 'DECIMAL(38,3)' } as const;

describe('transformRun over an interval', () => {
  it('runs row and interval models in order, each partition by itself, and lists partitions without rows', async () => {
    const bronze = await shop.stageBronze('run-1', ORDERS);
    const { staged, models } = await transformRun(shop.dependencies(await defineShop(MODELS)), intervalRequest('run-1', bronze, THREE_DAYS), never, quiet);
    expect(models.map(({ name, rowsIn, rowsOut }) => [name, rowsIn, rowsOut])).toEqual([
      ['gold.by_product', 5, 4],
      ['gold.best', 4, 2],
      ['silver.lines', 5, 4],
      ['silver.loud', 4, 4],
      ['gold.totals', 4, 3],
    ]);
    expect(await shop.rows(staged, 'gold.by_product', [PARTITION, PRODUCT, TOTAL], '1, 2')).toEqual([
      { _weir_partition: DAYS[0], product: 'apple', total: '1.625' },
      { _weir_partition: DAYS[0], product: 'pear', total: '2.250' },
      { _weir_partition: DAYS[2], product: 'pear', total: '-1.000' },
      { _weir_partition: DAYS[2], product: 'plum', total: '9.999' },
    ]);
    expect(await shop.rows(staged, 'gold.best', [PARTITION, PRODUCT], '1')).toEqual([
      { _weir_partition: DAYS[0], product: 'pear' },
      { _weir_partition: DAYS[2], product: 'plum' },
    ]);
    // An aggregate over a day without rows is a row of that day.
    expect(await shop.rows(staged, 'gold.totals', [PARTITION, TOTAL], '1')).toEqual([
      { _weir_partition: DAYS[0], total: '3.875' },
      { _weir_partition: DAYS[1], total: '0.000' },
      { _weir_partition: DAYS[2], total: '-1.000' },
    ]);
    const manifest = await shop.manifest(staged);
    expect([...manifest.values()].map(({ dataset, partitions }) => [dataset, partitions.map(({ rows }) => rows)])).toEqual([
      ['gold.by_product', [2, 0, 2]],
      ['gold.best', [1, 0, 1]],
      ['silver.lines', [3, 0, 1]],
      ['silver.loud', [3, 0, 1]],
      ['gold.totals', [1, 1, 1]],
    ]);
  });

  it('keeps row ids and positions through row models, and only there', async () => {
    const bronze = await shop.stageBronze('run-1', ORDERS);
    const { staged } = await transformRun(shop.dependencies(await defineShop(MODELS)), intervalRequest('run-1', bronze, THREE_DAYS), never, quiet);
    const columns = [{ name: 'line_id', type: 'VARCHAR' }, PRODUCT, { name: '_weir_row_id', type: 'VARCHAR' }, { name: '_weir_position', type: 'VARCHAR' }] as const;
    const lines = await shop.rows<Record<string, string>>(staged, 'silver.lines', columns, '_weir_position');
    expect(lines.map((line) => [line['product'], line['_weir_position']])).toEqual([['apple', 'orders.csv:2'], ['pear', 'orders.csv:3'], ['apple', 'orders.csv:4'], ['pear', 'orders.csv:6']]);
    expect(lines.every((line) => line['line_id'] === line['_weir_row_id'])).toBe(true);
    const loud = await shop.rows<Record<string, string>>(staged, 'silver.loud', columns, '_weir_position');
    expect(loud.map((line) => line['_weir_row_id'])).toEqual(lines.map((line) => line['_weir_row_id']));
    const gold = await shop.rows<Record<string, string | null>>(staged, 'gold.best', columns, 'product');
    expect(gold.map((row) => row['_weir_row_id'])).toEqual([null, null]);
  });

  it('gives the same for one day as for that day of many', async () => {
    const dependencies = shop.dependencies(await defineShop(MODELS));
    const wide = await transformRun(dependencies, intervalRequest('wide', await shop.stageBronze('wide', ORDERS), THREE_DAYS), never, quiet);
    const bronze = await shop.stageBronze('narrow', ORDERS.filter((order) => order.partition === DAYS[2]));
    const narrow = await transformRun(dependencies, intervalRequest('narrow', bronze, { start: DAYS[2], end: THREE_DAYS.end }), never, quiet);
    for (const dataset of ['gold.by_product', 'gold.best', 'gold.totals']) {
      const columns = [PARTITION, PRODUCT, TOTAL];
      const whole = await shop.rows<{ _weir_partition: string }>(wide.staged, dataset, columns, '1, 2, 3');
      expect(await shop.rows(narrow.staged, dataset, columns, '1, 2, 3')).toEqual(whole.filter((row) => row._weir_partition === DAYS[2]));
    }
  });

  it('runs a model that the engine cannot correlate partition by partition', async () => {
    const model: ModelText = { name: 'gold.both', scope: 'interval', sql: "select coalesce(a.product, b.product) as product, a.amount as cheap, b.amount as dear from (select * from bronze.orders where amount < 2) a full join (select * from bronze.orders where amount >= 2) b on a.product = b.product" };
    const bronze = await shop.stageBronze('run-1', ORDERS);
    const { staged } = await transformRun(shop.dependencies(await defineShop([model])), intervalRequest('run-1', bronze, THREE_DAYS), never, quiet);
    expect(await shop.rows(staged, 'gold.both', [PARTITION, PRODUCT, { name: 'cheap', type: 'VARCHAR' }, { name: 'dear', type: 'VARCHAR' }], '1, 2, 3')).toEqual([
      { _weir_partition: DAYS[0], product: 'apple', cheap: '0.125', dear: null },
      { _weir_partition: DAYS[0], product: 'apple', cheap: '1.500', dear: null },
      { _weir_partition: DAYS[0], product: 'pear', cheap: null, dear: '2.250' },
      { _weir_partition: DAYS[2], product: 'pear', cheap: '-1.000', dear: null },
      { _weir_partition: DAYS[2], product: 'plum', cheap: null, dear: '9.999' },
    ]);
  });

  it('takes a run without a row: every model is there, with the rows that it gives over nothing', async () => {
    const bronze = await shop.stageBronze('run-1', []);
    const { staged, models } = await transformRun(shop.dependencies(await defineShop(MODELS)), intervalRequest('run-1', bronze, THREE_DAYS), never, quiet);
    expect(models.map(({ name, rowsOut }) => [name, rowsOut])).toEqual([['gold.by_product', 0], ['gold.best', 0], ['silver.lines', 0], ['silver.loud', 0], ['gold.totals', 3]]);
    expect((await shop.manifest(staged)).get('silver.lines')).toEqual({ dataset: 'silver.lines', partitions: DAYS.map((partition) => ({ partition, rows: 0 })), segments: [] });
  });

  it('works without a grain: one partition, all', async () => {
    const bronze = await shop.stageBronze('run-1', ORDERS.map((order) => ({ ...order, partition: 'all' })));
    const { staged } = await transformRun(shop.dependencies(await defineShop(MODELS, null)), intervalRequest('run-1', bronze, undefined), never, quiet);
    expect(await shop.rows(staged, 'gold.best', [PARTITION, PRODUCT], '1')).toEqual([{ _weir_partition: 'all', product: 'plum' }]);
  });
});

describe('transformRun over history', () => {
  it('reads the published snapshot, and history models read each other', async () => {
    const dependencies = shop.dependencies(await defineShop(MODELS));
    for (const day of [DAYS[0], DAYS[2]]) {
      const bronze = await shop.stageBronze(day, ORDERS.filter((order) => order.partition === day));
      const end = new Date(Date.parse(day) + 86_400_000).toISOString().replace('.000Z', 'Z');
      await shop.publish((await transformRun(dependencies, intervalRequest(day, bronze, { start: day, end }), never, quiet)).staged);
    }
    const { staged, models } = await transformRun(dependencies, historyRequest('refresh-1'), never, quiet);
    expect(models.map(({ name, rowsIn, rowsOut }) => [name, rowsIn, rowsOut])).toEqual([
      ['gold.ever', 4, 2],
      ['gold.best_ever', 2, 1],
    ]);
    expect(await shop.rows(staged, 'gold.ever', [PARTITION, PRODUCT, TOTAL], '2')).toEqual([
      { _weir_partition: 'all', product: 'apple', total: '1.625' },
      { _weir_partition: 'all', product: 'pear', total: '1.250' },
    ]);
    expect(await shop.rows(staged, 'gold.best_ever', [PRODUCT], '1')).toEqual([{ product: 'apple' }]);
  });

  it('sees of a key that came on several days only the row of the latest, as a destination does', async () => {
    const models: ModelText[] = [
      { name: 'silver.prices', scope: 'interval', key: 'product', sql: 'select product, max(amount) as price from bronze.orders group by product' },
      { name: 'gold.price_list', scope: 'history', sql: 'select product, price as total from silver.prices' },
    ];
    const dependencies = shop.dependencies(await defineShop(models));
    const interval = await transformRun(dependencies, intervalRequest('run-1', await shop.stageBronze('run-1', ORDERS), THREE_DAYS), never, quiet);
    await shop.publish(interval.staged);
    const history = await transformRun(dependencies, historyRequest('refresh-1'), never, quiet);
    // apple was sold on the first day only; pear at 2.250 on the first and at -1.000 on the third.
    expect(await shop.rows(history.staged, 'gold.price_list', [PRODUCT, TOTAL], '1')).toEqual([
      { product: 'apple', total: '1.500' },
      { product: 'pear', total: '-1.000' },
      { product: 'plum', total: '9.999' },
    ]);
  });

  it('reads of a file only the partitions that are live', async () => {
    const dependencies = shop.dependencies(await defineShop(MODELS));
    const bronze = await shop.stageBronze('run-1', ORDERS);
    const { staged } = await transformRun(dependencies, intervalRequest('run-1', bronze, THREE_DAYS), never, quiet);
    await shop.publish(staged);
    for (const segments of shop.published.values()) segments.forEach((segment) => Object.assign(segment, { partitions: [DAYS[2]], whole: false }));
    const history = await transformRun(dependencies, historyRequest('refresh-1'), never, quiet);
    expect(await shop.rows(history.staged, 'gold.ever', [PRODUCT, TOTAL], '1')).toEqual([{ product: 'pear', total: '-1.000' }]);
  });
});

describe('transformRun when something is wrong', () => {
  it('names the model whose SQL does not fit the data, and stages no manifest', async () => {
    const models: ModelText[] = [...MODELS.slice(0, 1), { name: 'gold.bad', scope: 'interval', sql: 'select product::integer as n from silver.lines' }];
    const bronze = await shop.stageBronze('run-1', ORDERS);
    await expect(transformRun(shop.dependencies(await defineShop(models)), intervalRequest('run-1', bronze, THREE_DAYS), never, quiet)).rejects.toMatchObject({
      code: 'MODEL_FAILED',
      place: 'models/gold/bad.sql:1:15',
      message: expect.stringMatching(/^gold\.bad: Could not convert string '(apple|pear)'/) as string,
    });
    expect(existsSync(shop.lake.absolute('manifest/shop/run-1/transform-a1.json'))).toBe(false);
    expect(await readdir(shop.lake.absolute('tmp'))).toEqual([]);
  });

  it('finds out a bronze that is missing or not what was said', async () => {
    const dependencies = shop.dependencies(await defineShop(MODELS));
    const bronze = await shop.stageBronze('run-1', ORDERS);
    await expect(transformRun(dependencies, intervalRequest('run-1', { ...bronze, sha256: '0'.repeat(64) }, THREE_DAYS), never, quiet)).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    const request = intervalRequest('run-1', bronze, THREE_DAYS);
    await expect(transformRun(dependencies, { ...request, bronze: undefined }, never, quiet)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(transformRun(dependencies, { ...request, context: undefined }, never, quiet)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  it('stops within 5 s of a cancel, in mid-statement, and leaves no temporary file', async () => {
    const endless: ModelText = { name: 'gold.endless', scope: 'interval', sql: 'with recursive r as (select product, 1 as n from bronze.orders union all select product, (n + 1) % 1000 from r) select count(*) as n from r' };
    const controller = new AbortController();
    const bronze = await shop.stageBronze('run-1', ORDERS);
    const steps: Progress[] = [];
    let cancelled = 0;
    const report = (progress: Progress): void => {
      steps.push(progress);
      if (progress.step !== 'gold.endless') return;
      setTimeout(() => {
        cancelled = Date.now();
        controller.abort();
      }, 100);
    };
    await expect(transformRun(shop.dependencies(await defineShop([endless])), intervalRequest('run-1', bronze, THREE_DAYS), controller.signal, report)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(Date.now() - cancelled).toBeLessThan(5000);
    expect(steps.map(({ step }) => step)).toEqual(['look up', 'gold.endless']);
    expect(await readdir(shop.lake.absolute('tmp'))).toEqual([]);
  });

  it('writes segments that nothing can change, as large as the manifest says', async () => {
    const bronze = await shop.stageBronze('run-1', ORDERS);
    const { staged } = await transformRun(shop.dependencies(await defineShop(MODELS)), intervalRequest('run-1', bronze, THREE_DAYS), never, quiet);
    for (const { segments } of (await shop.manifest(staged)).values()) {
      for (const segment of segments) {
        await shop.lake.verify(segment);
        expect((await stat(shop.lake.absolute(segment.path))).mode & 0o222).toBe(0);
      }
    }
  });
});
