import { readdir } from 'node:fs/promises';
import type { Definition } from '@weir/core';
import { StageGate } from '@weir/platform';
import { connect, serve, type Clients, type DefinitionFile, type PreviewModelRequest, type PreviewModelResponse, type RpcServer } from '@weir/rpc';
import fc from 'fast-check';
import { services } from './rpc';
import { Catalog } from './testing/catalog';
import { defineShop, historyRequest, intervalRequest, Workshop, type ModelText, type Order } from './testing/workshop';
import { transformRun } from './transform-run';

const DAYS = ['2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z', '2010-12-03T00:00:00Z', '2010-12-04T00:00:00Z'] as const;
const INTERVAL = { start: DAYS[0], end: '2010-12-05T00:00:00Z' };

const SHOP: readonly ModelText[] = [
  { name: 'silver.lines', scope: 'row', sql: 'select product, amount from bronze.orders where amount > 1' },
  { name: 'silver.days', scope: 'interval', sql: 'select product, sum(amount) as total, count(*) as lines from bronze.orders group by product' },
  { name: 'gold.ever', scope: 'history', sql: 'select product, count(*) as lines from silver.lines group by product order by product' },
];

let shop: Workshop;
let catalog: Catalog;
let definition: Definition;
let server: RpcServer;
let clients: Clients;
beforeEach(async () => {
  shop = await Workshop.open();
  catalog = new Catalog();
  definition = catalog.apply(await defineShop(SHOP));
  server = await serve({ host: '127.0.0.1', port: 0, services: services({ ...shop.dependencies(definition), metadata: catalog.metadata(definition) }, new StageGate(1)), reflection: false });
  server.setReady(true);
  clients = connect({ transform: `127.0.0.1:${server.port}` });
});
afterEach(async () => {
  clients.close();
  await server.drain(5_000);
  await shop.close();
});

const ORDERS: readonly Order[] = DAYS.slice(0, 3).flatMap((partition, day) => [
  { partition, product: 'apple', amount: `${day + 1}.500` },
  { partition, product: 'pear', amount: '1.000' },
  { partition, product: 'apple', amount: '2.000' },
]);

let runs = 0;

/** Publishes bronze and all models of the shop. */
async function publish(orders: readonly Order[] = ORDERS): Promise<void> {
  const dependencies = { ...shop.dependencies(definition), metadata: catalog.metadata(definition) };
  const bronze = await shop.stageBronze(`run-${(runs += 1)}`, orders);
  const { staged } = await transformRun(dependencies, intervalRequest(`run-${runs}`, bronze, INTERVAL), new AbortController().signal, () => undefined);
  const replaced = [...(await shop.manifest(bronze)).values()].map((dataset) => ({ ...dataset, partitions: DAYS.map((partition) => ({ partition, rows: 0 })) }));
  const snapshot = catalog.publish('shop', [...replaced, ...(await shop.manifest(staged)).values()]);
  const refreshed = await transformRun(dependencies, historyRequest(`run-${(runs += 1)}`, snapshot), new AbortController().signal, () => undefined);
  catalog.publish('shop', (await shop.manifest(refreshed.staged)).values());
}

function preview(model: string, changes: Partial<PreviewModelRequest> = {}): Promise<PreviewModelResponse> {
  return clients.transform.previewModel({ pipeline: changes.files ? '' : 'shop', files: [], root: changes.files ? '/nowhere' : '', model, limit: 20, interval: undefined, ...changes });
}

/** Each row's values. */
function rows({ rows: batch }: PreviewModelResponse): string[] {
  const text = Buffer.from(batch?.data ?? []).toString();
  return text === '' ? [] : text.split('\n').map((line) => (JSON.parse(line) as (string | null)[]).join(' '));
}

/** The shop's files, with one model's SQL another. */
function files(model: string, sql: string): DefinitionFile[] {
  const contract = 'apiVersion: v3.1.0\nkind: DataContract\nid: shop\nversion: 1.0.0\nstatus: active\nschema:\n  - name: orders\n    properties:\n      - { name: product, logicalType: string }\n      - { name: amount, logicalType: number, physicalType: "decimal(12,3)" }\n';
  const pipeline = 'name: shop\ngrain: 1d\nsource: { dataset: orders, type: file, path: "data/{date}.csv" }\nmodels:\n  ever: { over: history }\ndestinations: [{ connection: warehouse, schema: shop }]\n';
  const texts = new Map([...SHOP.map((each): [string, string] => [each.name, each.sql]), [model, sql]]);
  return [{ path: 'pipeline.yaml', text: pipeline }, { path: 'contract.odcs.yaml', text: contract }, ...[...texts].map(([name, text]) => ({ path: `models/${name.replace('.', '/')}.sql`, text }))];
}

describe('of an applied version', () => {
  test('a model over rows gives those of the newest day first, and reads no more days than it needs', async () => {
    await publish();
    const answer = await preview('silver.lines', { limit: 3 });
    expect(answer).toMatchObject({ pipeline: 'shop', definitionVersion: 1, columns: [{ name: 'product', type: 'VARCHAR' }, { name: 'amount', type: 'DECIMAL(12,3)' }], more: true, partitions: [DAYS[2], DAYS[1], DAYS[0]], inputs: [{ pipeline: 'shop', dataset: 'bronze.orders', snapshot: 1 }] });
    expect(rows(answer).slice(0, 2).sort()).toEqual(['apple 2.000', 'apple 3.500']);
    expect(rows(answer)).toHaveLength(3);
    expect(await preview('silver.lines', { limit: 2 })).toMatchObject({ partitions: [DAYS[2]], more: true, rowsRead: 3 });
    expect(await preview('silver.lines')).toMatchObject({ rows: { rows: 6 }, more: false, rowsRead: 9 });
  });

  test('a model over intervals runs for each day by itself, or for those that are asked for', async () => {
    await publish();
    expect(rows(await preview('silver.days'))).toEqual(expect.arrayContaining(['apple 5.500 2', 'apple 4.500 2', 'apple 3.500 2', 'pear 1.000 1']));
    const second = await preview('silver.days', { interval: { start: DAYS[1], end: DAYS[2] } });
    expect(rows(second).sort()).toEqual(['apple 4.500 2', 'pear 1.000 1']);
    expect(second).toMatchObject({ partitions: [DAYS[1]], rowsRead: 3, more: false });
    expect(rows(await preview('silver.days', { interval: { start: DAYS[3], end: INTERVAL.end } }))).toEqual([]);
  });

  test('a model over history reads what was published of its inputs', async () => {
    await publish();
    const answer = await preview('gold.ever');
    expect(rows(answer)).toEqual(['apple 6']);
    expect(answer).toMatchObject({ partitions: [], rowsRead: 6, inputs: [{ dataset: 'silver.lines', snapshot: 1 }] });
  });

  test('the rows are the first of what a run gives, whatever the limit', async () => {
    const amounts = fc.array(fc.record({ day: fc.nat({ max: 3 }), product: fc.constantFrom('a', 'b'), amount: fc.integer({ min: 0, max: 4_000 }) }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(amounts, fc.integer({ min: 1, max: 8 }), async (drawn, limit) => {
        await publish(drawn.map(({ day, product, amount }) => ({ partition: DAYS[day] ?? '', product, amount: (amount / 1_000).toFixed(3) })));
        const all = drawn.filter(({ amount }) => amount > 1_000).sort((left, right) => right.day - left.day);
        const answer = await preview('silver.lines', { limit });
        expect(answer.more).toBe(all.length > limit || answer.partitions.length < new Set(drawn.map(({ day }) => day)).size);
        // Within a day any order will do: the day at which the limit falls may give any of its rows.
        const last = all[Math.min(limit, all.length) - 1]?.day ?? 0;
        const sure = all.filter(({ day }) => day > last).map(({ product, amount }) => `${product} ${(amount / 1_000).toFixed(3)}`);
        expect(rows(answer)).toHaveLength(Math.min(limit, all.length));
        expect(rows(answer).slice(0, sure.length).sort()).toEqual(sure.sort());
      }),
      { numRuns: 10 },
    );
  });
});

describe('of files', () => {
  test('shows a change that nobody has applied', async () => {
    await publish();
    const answer = await preview('gold.ever', { files: files('gold.ever', 'select upper(product) as name, max(amount) as most from silver.lines group by product') });
    expect(rows(answer)).toEqual(['APPLE 3.500']);
    expect(answer).toMatchObject({ definitionVersion: 0, columns: [{ name: 'name', type: 'VARCHAR' }, { name: 'most', type: 'DECIMAL(12,3)' }] });
  });

  test('says what is wrong with them, and where', async () => {
    await publish();
    await expect(preview('gold.ever', { files: files('gold.ever', 'select\n  produkt\nfrom silver.lines') })).rejects.toMatchObject({ code: 'INVALID_SQL', place: 'models/gold/ever.sql:2:3' });
    await expect(preview('gold.ever', { files: files('gold.ever', 'select product\n  , cast(product as bigint) as n\nfrom silver.lines') })).rejects.toMatchObject({ code: 'MODEL_FAILED', place: 'models/gold/ever.sql:2:5', message: expect.stringContaining("'apple'") as string });
  });

  test('names the fix where nothing is published of an input', async () => {
    const fix = 'Publish it with `weir run shop` first, or try the model on rows of your own with `weir test`.';
    await expect(preview('gold.ever', { files: files('gold.ever', 'select product from silver.lines') })).rejects.toMatchObject({ code: 'NOT_POSSIBLE', message: '`gold.ever` reads `silver.lines`, of which nothing is published.', fix });
    await publish();
    await expect(preview('gold.more', { files: files('gold.more', 'select product from gold.fresh').concat({ path: 'models/gold/fresh.sql', text: 'select product from silver.lines' }) })).rejects.toMatchObject({ code: 'NOT_POSSIBLE', message: expect.stringContaining('`gold.fresh`') as string });
  });

  test('reads what other pipelines have published', async () => {
    await publish();
    const reader = files('gold.ever', 'select product, total from shop.days').map(({ path, text }) => ({ path, text: path === 'pipeline.yaml' ? text.replace('name: shop', 'name: reader').replace('over: history', 'over: interval') : text })).filter(({ path }) => !path.includes('silver'));
    const answer = await preview('gold.ever', { files: reader });
    expect(rows(answer)).toHaveLength(6);
    expect(rows(answer).slice(0, 2).sort()).toEqual(['apple 5.500', 'pear 1.000']);
    expect(answer).toMatchObject({ inputs: [{ pipeline: 'shop', dataset: 'silver.days', snapshot: 1 }], partitions: [DAYS[2], DAYS[1], DAYS[0]] });
  });
});

test('refuses what it cannot do', async () => {
  await publish();
  await expect(preview('gold.evr')).rejects.toMatchObject({ code: 'UNKNOWN_DATASET', fix: 'Use one of silver.lines, gold.ever, silver.days.' });
  await expect(preview('gold.ever', { pipeline: 'other' })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  await expect(preview('gold.ever', { limit: 1_001 })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  await expect(preview('gold.ever', { pipeline: 'shop', files: files('gold.ever', '') })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  await expect(preview('gold.ever', { interval: INTERVAL })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
  await expect(preview('silver.days', { interval: { start: DAYS[0], end: '2010-12-01T12:00:00Z' } })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
});

test('a million characters a row stay within 3 MiB, and say that there are more', async () => {
  await publish(DAYS.flatMap((partition) => [1, 2].map((amount) => ({ partition, product: 'x', amount: `${amount}.000` }))));
  const answer = await preview('silver.days', { files: files('silver.days', 'select repeat(repeat(product, 1000), 1000) as text from bronze.orders') });
  expect(answer.more).toBe(true);
  expect(answer.rows?.rows).toBe(3);
  expect(answer.rows?.data.length).toBeLessThanOrEqual(3 * 1024 * 1024);
});

test('leaves nothing in the lake, and a caller that goes ends the work', async () => {
  await publish();
  const before = await readdir(shop.root, { recursive: true });
  await preview('silver.days');
  const controller = new AbortController();
  const endless = files('gold.ever', 'with recursive r as (select product, 1 as n from silver.lines union all select product, (n + 1) % 1000 from r) select count(*) as n from r');
  const call = clients.transform.previewModel({ pipeline: '', files: endless, root: '/nowhere', model: 'gold.ever', limit: 20, interval: undefined }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 300);
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  // Two at a time: this one would wait for the other to end.
  await Promise.all([preview('silver.days'), preview('silver.lines')]);
  expect((await readdir(shop.root, { recursive: true })).sort()).toEqual(before.sort());
});
