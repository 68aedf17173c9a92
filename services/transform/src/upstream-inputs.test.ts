import type { Definition } from '@weir/core';
import type { Interval, TransformRequest, UpstreamInput } from '@weir/rpc';
import fc from 'fast-check';
import { Catalog } from './testing/catalog';
import { defineStream, stageEvents } from './testing/click-stream';
import { defineShop, historyRequest, intervalRequest, Workshop, type ModelText, type Order } from './testing/workshop';
import { transformRun } from './transform-run';

const DAYS = ['2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z', '2010-12-03T00:00:00Z'] as const;
const END = '2010-12-04T00:00:00Z';
const ALL_DAYS: Interval = { start: DAYS[0], end: END };
const SECOND_DAY = { start: DAYS[1], end: DAYS[2] };

/** What the shop publishes: by day without a key, by day with one, and over its history. */
const SHOP: readonly ModelText[] = [
  { name: 'silver.lines', scope: 'row', sql: 'select product, amount from bronze.orders' },
  { name: 'silver.prices', scope: 'interval', key: 'product', sql: 'select product, max(amount) as price from bronze.orders group by product' },
  { name: 'gold.ever', scope: 'history', sql: 'select product, count(*) as lines from silver.lines group by product' },
];

/** Reads its own orders beside all of these. */
const REPORT: readonly ModelText[] = [
  { name: 'gold.shares', scope: 'interval', sql: 'with o as (select product, count(*) as own from bronze.orders group by product), t as (select product, count(*) as theirs from shop.lines group by product) select product, own, theirs from o left join t using (product)' },
  { name: 'gold.looked_up', scope: 'interval', sql: 'select o.product, o.amount, e.lines from bronze.orders o left join shop.ever e on o.product = e.product' },
  { name: 'gold.theirs', scope: 'interval', sql: 'select product, price from shop.prices' },
  { name: 'gold.price_list', scope: 'history', sql: 'select product, price from shop.prices' },
  { name: 'gold.every_line', scope: 'history', sql: 'select product, count(*) as lines from shop.lines group by product' },
];

const PARTITION = { name: '_weir_partition', type: 'VARCHAR' } as const;
const PRODUCT = { name: 'product', type: 'VARCHAR' } as const;
const number = (name: string) => ({ name, type: 'BIGINT' }) as const;
const decimal = (name: string) => ({ name, type: 'DECIMAL(12,3)' }) as const;

const never = new AbortController().signal;
const quiet = (): void => undefined;

let shop: Workshop;
let catalog: Catalog;
beforeEach(async () => {
  shop = await Workshop.open();
  catalog = new Catalog();
});
afterEach(() => shop.close());

const dependencies = (definition: Definition) => ({ ...shop.dependencies(definition), metadata: catalog.metadata(definition) });
const run = (definition: Definition, request: TransformRequest) => transformRun(dependencies(definition), request, never, quiet);

let runs = 0;
const nextRun = (): string => `run-${(runs += 1)}`;

/** Runs the shop over an interval and its history, and publishes both; gives the newest snapshot. */
async function publishShop(definition: Definition, orders: readonly Order[], interval = ALL_DAYS): Promise<number> {
  const name = nextRun();
  const { staged } = await run(definition, intervalRequest(name, await shop.stageBronze(name, orders), interval));
  const snapshot = catalog.publish('shop', (await shop.manifest(staged)).values());
  return catalog.publish('shop', (await shop.manifest((await run(definition, historyRequest(nextRun(), snapshot))).staged)).values());
}

const pins = (definition: Definition, snapshot: number): UpstreamInput[] => definition.upstream.map(({ pipeline, dataset }) => ({ pipeline, dataset, snapshot }));

/** Runs the interval models of a reader over its own orders, at a snapshot of the shop. */
async function runReport(definition: Definition, orders: readonly Order[], snapshot: number, interval: Interval | null = ALL_DAYS) {
  const request = intervalRequest(nextRun(), await shop.stageBronze(nextRun(), orders, 'report'), interval ?? undefined);
  return run(definition, { ...request, upstream: pins(definition, snapshot) });
}

const refreshReport = (definition: Definition, snapshot: number) => run(definition, { ...historyRequest(nextRun()), upstream: pins(definition, snapshot) });

const by = <T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> => rows.reduce((map, row) => map.set(key(row), [...(map.get(key(row)) ?? []), row]), new Map<string, T[]>());
const sorted = <T>(rows: readonly T[]): T[] => [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const dearest = (orders: readonly Order[]): string => [...orders].sort((a, b) => Number(b.amount) - Number(a.amount))[0]?.amount ?? '';

/** The oracle: what each model of REPORT gives, from the orders that were live. */
function expected(own: readonly Order[], theirs: readonly Order[]) {
  const perDay = DAYS.flatMap((day) => {
    const sold = by(theirs.filter((order) => order.partition === day), (order) => order.product);
    const bought = by(own.filter((order) => order.partition === day), (order) => order.product);
    return [{ day, sold, bought }];
  });
  const days = [...DAYS].reverse();
  const byProduct = by(theirs, (order) => order.product);
  return {
    shares: perDay.flatMap(({ day, sold, bought }) => [...bought].map(([product, orders]) => ({ _weir_partition: day, product, own: orders.length, theirs: sold.get(product)?.length ?? null }))),
    looked_up: own.map(({ partition, product, amount }) => ({ _weir_partition: partition, product, amount, lines: byProduct.get(product)?.length ?? null })),
    theirs: perDay.flatMap(({ day, sold }) => [...sold].map(([product, orders]) => ({ _weir_partition: day, product, price: dearest(orders) }))),
    // Without a sequence the row of the latest day is the one of its key.
    price_list: [...byProduct].map(([product, orders]) => ({ product, price: dearest(orders.filter((order) => order.partition === days.find((day) => orders.some(({ partition }) => partition === day)))) })),
    every_line: [...byProduct].map(([product, orders]) => ({ product, lines: orders.length })),
  };
}

const order = fc.record({ partition: fc.constantFrom(...DAYS), product: fc.constantFrom('apple', 'pear', 'plum', 'fig'), amount: fc.integer({ min: 100, max: 999 }).map((cents) => `${cents}.000`) });

describe('models that read another pipeline', () => {
  it('see their own partitions of it, or all of it, as it was at the snapshot that was pinned', async () => {
    const theirs = catalog.apply(await defineShop(SHOP));
    const report = await defineShop(REPORT, '1d', 'report', catalog);
    const property = fc.asyncProperty(fc.array(order, { maxLength: 12 }), fc.array(order, { maxLength: 12 }), fc.array(order, { maxLength: 12 }), async (own, first, second) => {
      const again = second.map((each) => ({ ...each, partition: DAYS[1] }));
      const before = await publishShop(theirs, first);
      // The second day is published again: a narrow run beside the file of the wide one.
      const after = await publishShop(theirs, again, SECOND_DAY);
      for (const [snapshot, live] of [[before, first], [after, [...first.filter(({ partition }) => partition !== DAYS[1]), ...again]]] as const) {
        const { staged } = await runReport(report, own, snapshot);
        const should = expected(own, live);
        expect(sorted(await shop.rows(staged, 'gold.shares', [PARTITION, PRODUCT, number('own'), number('theirs')], '1'))).toEqual(sorted(should.shares));
        expect(sorted(await shop.rows(staged, 'gold.looked_up', [PARTITION, PRODUCT, decimal('amount'), number('lines')], '1'))).toEqual(sorted(should.looked_up));
        expect(sorted(await shop.rows(staged, 'gold.theirs', [PARTITION, PRODUCT, decimal('price')], '1'))).toEqual(sorted(should.theirs));
        const history = await refreshReport(report, snapshot);
        expect(sorted(await shop.rows(history.staged, 'gold.price_list', [PRODUCT, decimal('price')], '1'))).toEqual(sorted(should.price_list));
        expect(sorted(await shop.rows(history.staged, 'gold.every_line', [PRODUCT, number('lines')], '1'))).toEqual(sorted(should.every_line));
      }
    });
    await fc.assert(property, { numRuns: 5 });
  });

  it('see no row that another pipeline deleted: of all its partitions the newest of each key, of one those that live there', async () => {
    const properties = ['{ name: product, logicalType: string, primaryKey: true }', '{ name: seq, logicalType: integer, required: true }', '{ name: price, logicalType: string }'];
    const clicks = catalog.apply(await defineStream({ properties, order: 'seq', models: [{ name: 'silver.offers', key: ['product'], sql: "select product, seq, price::integer as price from bronze.events where price <> 'none'" }] }));
    const report = await defineShop(
      [
        { name: 'gold.now', scope: 'history', sql: 'select product, price::decimal(12,3) as price from clicks.offers' },
        { name: 'gold.hourly', scope: 'interval', sql: 'select product, price::decimal(12,3) as price from clicks.offers' },
      ],
      '1h',
      'report',
      catalog,
    );
    const [first, second] = ['2010-12-01T00:00:00Z', '2010-12-01T01:00:00Z'];
    const offer = (hour: string, product: string, seq: number | null, price: string | null, deleted = false) => ({ product, seq, price, _weir_partition: hour, _weir_row_id: `${product}${seq}`, _weir_position: 'clicks:0:1', _weir_deleted: deleted });
    const rows = [
      offer(first, 'apple', 1, '3'), offer(first, 'pear', 5, '4'), offer(first, 'plum', 9, '5'), offer(first, 'fig', null, null, true),
      offer(second, 'apple', 2, 'none'), offer(second, 'pear', 4, 'none'), offer(second, 'plum', 10, null, true), offer(second, 'fig', 1, '6'),
    ];
    const interval = { start: first, end: '2010-12-01T02:00:00Z' };
    const { staged, models } = await run(clicks, intervalRequest('clicks-1', await stageEvents(shop, clicks, 'clicks-1', rows), interval));
    expect(models.map(({ name, rowsIn, rowsOut }) => [name, rowsIn, rowsOut])).toEqual([['silver.offers', 6, 4]]);
    const snapshot = catalog.publish('clicks', (await shop.manifest(staged)).values());
    const history = await refreshReport(report, snapshot);
    expect(await shop.rows(history.staged, 'gold.now', [PRODUCT, decimal('price')], '1')).toEqual([{ product: 'fig', price: '6.000' }, { product: 'pear', price: '4.000' }]);
    const hours = await runReport(report, [], snapshot, interval);
    expect(await shop.rows(hours.staged, 'gold.hourly', [PARTITION, PRODUCT, decimal('price')], '1, 2')).toEqual([
      { _weir_partition: first, product: 'apple', price: '3.000' },
      { _weir_partition: first, product: 'pear', price: '4.000' },
      { _weir_partition: first, product: 'plum', price: '5.000' },
      { _weir_partition: second, product: 'fig', price: '6.000' },
    ]);
  });

  const ORDERS: readonly Order[] = [
    { partition: DAYS[0], product: 'apple', amount: '1.000' },
    { partition: DAYS[1], product: 'apple', amount: '2.000' },
    { partition: DAYS[2], product: 'pear', amount: '4.000' },
  ];

  it('of one day see of it what the run of many days sees on that day', async () => {
    const snapshot = await publishShop(catalog.apply(await defineShop(SHOP)), ORDERS);
    const report = await defineShop(REPORT, '1d', 'report', catalog);
    const columns = [PARTITION, PRODUCT, decimal('price')];
    const wide = await shop.rows<{ _weir_partition: string }>((await runReport(report, ORDERS, snapshot)).staged, 'gold.theirs', columns, '1, 2');
    const narrow = await runReport(report, ORDERS.filter(({ partition }) => partition === DAYS[1]), snapshot, SECOND_DAY);
    expect(await shop.rows(narrow.staged, 'gold.theirs', columns, '1, 2')).toEqual(wide.filter((row) => row._weir_partition === DAYS[1]));
    expect(narrow.models.map(({ name, rowsIn, rowsOut }) => [name, rowsIn, rowsOut])).toEqual([['gold.looked_up', 3, 1], ['gold.shares', 2, 1], ['gold.theirs', 1, 1]]);
  });

  it('of another grain see one row of each key, the latest', async () => {
    const snapshot = await publishShop(catalog.apply(await defineShop(SHOP)), ORDERS);
    const report = await defineShop([{ name: 'gold.prices', scope: 'interval', sql: 'select product, price from shop.prices' }], null, 'report', catalog);
    const { staged } = await runReport(report, [], snapshot, null);
    expect(await shop.rows(staged, 'gold.prices', [PARTITION, PRODUCT, decimal('price')], '2')).toEqual([
      { _weir_partition: 'all', product: 'apple', price: '2.000' },
      { _weir_partition: 'all', product: 'pear', price: '4.000' },
    ]);
  });

  it('see nothing of what was never published when the run began', async () => {
    await publishShop(catalog.apply(await defineShop(SHOP)), ORDERS);
    const report = await defineShop(REPORT, '1d', 'report', catalog);
    const { staged } = await runReport(report, ORDERS, 0);
    expect(await shop.rows(staged, 'gold.looked_up', [PRODUCT, number('lines')], '1')).toEqual([{ product: 'apple', lines: null }, { product: 'apple', lines: null }, { product: 'pear', lines: null }]);
    expect(await shop.rows(staged, 'gold.theirs', [PRODUCT], '1')).toEqual([]);
    expect(await shop.rows((await refreshReport(report, 0)).staged, 'gold.price_list', [PRODUCT], '1')).toEqual([]);
  });

  it('cannot run without a pinned snapshot', async () => {
    catalog.apply(await defineShop(SHOP));
    const report = await defineShop(REPORT, '1d', 'report', catalog);
    const request = intervalRequest(nextRun(), await shop.stageBronze(nextRun(), ORDERS, 'report'), ALL_DAYS);
    await expect(run(report, request)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringMatching(/`shop\.(lines|prices|ever)`, which report reads/) as string });
  });
});

describe('a pipeline that changed after its reader was applied', () => {
  const ORDERS: readonly Order[] = [{ partition: DAYS[0], product: 'apple', amount: '1.500' }];
  const reader = (sql: string) => defineShop([{ name: 'gold.x', scope: 'interval', sql }], '1d', 'report', catalog);
  const lines = (sql: string, scope: ModelText['scope'] = 'row') => defineShop([{ name: 'silver.lines', scope, sql }]);

  it('and dropped a column fails the models that read it, by name or by star, and no other', async () => {
    catalog.apply(await defineShop(SHOP));
    const [named, star, other] = [await reader('select sum(amount) as amount from shop.lines'), await reader('select * from shop.lines'), await reader('select product from shop.lines')];
    const snapshot = await publishShop(catalog.apply(await lines('select product from bronze.orders')), ORDERS);
    for (const report of [named, star]) {
      await expect(runReport(report, ORDERS, snapshot)).rejects.toMatchObject({
        code: 'MODEL_FAILED',
        place: 'models/gold/x.sql',
        message: expect.stringContaining('gold.x: shop.lines.amount is no longer there.') as string,
        fix: 'Change the model, and apply report again.',
      });
    }
    const { staged } = await runReport(other, ORDERS, snapshot);
    expect(await shop.rows(staged, 'gold.x', [PRODUCT], '1')).toEqual([{ product: 'apple' }]);
  });

  it('and has another type for a column still gives the one that the reader was applied with', async () => {
    catalog.apply(await defineShop(SHOP));
    const report = await reader('select product, amount from shop.lines');
    const snapshot = await publishShop(catalog.apply(await lines("select product, amount::varchar || '00' as amount from bronze.orders")), ORDERS);
    const { staged } = await runReport(report, ORDERS, snapshot);
    expect(await shop.rows(staged, 'gold.x', [PRODUCT, decimal('amount')], '1')).toEqual([{ product: 'apple', amount: '1.500' }]);
  });

  it('and gained a column shows it to no reader before that is applied again', async () => {
    catalog.apply(await defineShop(SHOP));
    const report = await reader('select * from shop.lines');
    const snapshot = await publishShop(catalog.apply(await lines('select true as fresh, * from bronze.orders')), ORDERS);
    const { staged } = await runReport(report, ORDERS, snapshot);
    expect(await shop.rows(staged, 'gold.x', [PRODUCT, decimal('amount')], '1')).toEqual([{ product: 'apple', amount: '1.500' }]);
    const again = await reader('select * from shop.lines');
    expect(again.models[0]?.columns.map(({ name }) => name)).toEqual(['fresh', 'product', 'amount']);
  });

  it('and no longer makes the dataset is named', async () => {
    catalog.apply(await defineShop(SHOP));
    const report = await reader('select product from shop.lines');
    const snapshot = await publishShop(catalog.apply(await defineShop([{ name: 'gold.lines', scope: 'row', sql: 'select product from bronze.orders' }])), ORDERS);
    await expect(runReport(report, ORDERS, snapshot)).rejects.toMatchObject({ code: 'UNKNOWN_DATASET', message: expect.stringContaining('silver.lines is gone') as string, fix: expect.stringContaining('Apply report again') as string });
  });

  it('and makes it over its history now is no slice of days any more, and gives only what it made since when read whole', async () => {
    catalog.apply(await defineShop(SHOP));
    const report = await reader('select product from shop.lines');
    const history: ModelText = { name: 'gold.all_lines', scope: 'history', sql: 'select product, amount from shop.lines' };
    const whole = await defineShop([history], '1d', 'report', catalog);
    await publishShop(await defineShop(SHOP), ORDERS);
    const snapshot = await publishShop(catalog.apply(await lines('select product, amount from bronze.orders', 'history')), ORDERS);
    await expect(runReport(report, ORDERS, snapshot)).rejects.toMatchObject({ code: 'MODEL_FAILED', message: expect.stringContaining('over history, of grain 1d') as string });
    expect(await shop.rows((await refreshReport(whole, snapshot)).staged, 'gold.all_lines', [PRODUCT], '1')).toEqual([]);
  });
});
