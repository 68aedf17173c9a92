import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Definition, type Model, WHOLE } from '@weir/core';
import { withEngine, writeParquet } from '@weir/engine';
import { segmentPath } from '@weir/lake';
import { connect, serve, type Clients, type LiveSegment, type RpcServer, type SuggestChecksResponse } from '@weir/rpc';
import { services } from './rpc';
import { retail, Workbench } from './testing/workbench';

let bench: Workbench;
let server: RpcServer;
let clients: Clients;
beforeAll(async () => {
  bench = await Workbench.open();
  server = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services(bench.dependencies, () => undefined) });
  clients = connect({ quality: `127.0.0.1:${server.port}` });
});
afterAll(async () => {
  clients.close();
  await server.drain(5_000);
  await bench.close();
});
beforeEach(() => {
  bench.catalog.definitions.clear();
  bench.catalog.segments.clear();
  bench.catalog.rows.clear();
  bench.catalog.copies.clear();
});

const REVENUE: Model = {
  name: 'revenue', zone: 'gold', file: 'models/gold/revenue.sql', sql: 'select 1', scope: 'history', inputs: [], key: ['country'], writeMode: 'upsert',
  columns: [{ name: 'country', type: 'VARCHAR' }, { name: 'total', type: 'DECIMAL(12,2)' }],
};

function applied(change: Partial<Definition> = {}): void {
  bench.catalog.definitions.set('retail', { ...retail({ models: [REVENUE] }), grain: '1d', ...change });
}

/** Publishes rows that a SELECT gives, `_weir_partition` among them. */
async function publish(dataset: string, select: string): Promise<void> {
  const runId = randomUUID();
  const scratch = await bench.lake.scratch(runId, 'first');
  const files = await withEngine({ inputs: [], staging: scratch.dir, memoryLimit: '256MB', threads: 1 }, (engine) => writeParquet(engine, { select, dir: join(scratch.dir, 'out'), name: dataset }));
  const live: LiveSegment[] = [];
  for (const [n, file] of files.entries()) {
    const path = segmentPath('retail', dataset, runId, 'first', n);
    live.push({ path, ...(await bench.lake.adopt(file.path, path)), partitions: file.partitions.map(({ partition }) => partition), whole: true });
  }
  await scratch.dispose();
  bench.catalog.segments.set(`retail ${dataset}`, live);
}

/** Three days of order lines, 400 a day; of each day one line deletes and says nothing else. */
const LINES = `select strftime(day, '%Y-%m-%dT00:00:00Z') as _weir_partition, n = 0 as _weir_deleted,
  if(n = 0, null, 'I' || (1000 + n)) as invoice_no, if(n = 0, null, 'c' || n % 300) as stock_code, if(n % 10 = 0, null, 'thing') as description,
  if(n = 0, null, n % 40 + 1) as quantity, if(n = 0, null, day + to_minutes(n)) as invoice_date, if(n = 0, null, n / 40)::DECIMAL(12,3) as unit_price,
  if(n % 4 = 0, null, 12000 + n) as customer_id, if(n % 3 = 0, 'France', 'Norway') as country
  from (select unnest([timestamp '2024-02-12', timestamp '2024-02-13', timestamp '2024-02-14']) as day), range(401) r(n)`;

const ask = (change: Partial<Parameters<Clients['quality']['suggestChecks']>[0]> = {}): Promise<SuggestChecksResponse> => clients.quality.suggestChecks({ pipeline: 'retail', dataset: '', interval: undefined, ...change });
const short = ({ proposals }: SuggestChecksResponse) => proposals.map(({ id, measureJson, thresholdJson }) => [id, { ...(JSON.parse(measureJson) as object), ...(JSON.parse(thresholdJson) as object) }]);

describe('suggesting checks', () => {
  it('looks at the living rows that are published, and leaves out what the contract says', async () => {
    applied();
    await publish('bronze.order_lines', LINES);
    bench.catalog.segments.set('retail bronze.orders', bench.catalog.segments.get('retail bronze.order_lines') ?? []);
    const answer = await ask();
    expect(answer).toMatchObject({ pipeline: 'retail', definitionVersion: 1, dataset: 'bronze.orders', rows: 1_200, sampled: 1_200 });
    expect(answer.columns.find(({ name }) => name === 'country')).toMatchObject({ type: 'VARCHAR', nulls: 0, distinct: 2, values: ['France', 'Norway'], shortest: 6, longest: 6 });
    // Required columns have no nulls, and checks of the contract look at those of the others.
    expect(short(answer)).toEqual([
      ['invoice_no.length', { kind: 'length', column: 'invoice_no', min: 5, max: 5, equal: 0, unit: 'rows' }],
      ['description.set', { kind: 'set', column: 'description', values: ['thing'], equal: 0, unit: 'rows' }],
      ['quantity.range', { kind: 'range', column: 'quantity', min: 0, max: 60, atMost: 1, unit: 'percent', of: 'values' }],
      // The 12th and the 1188th of 1,200 values are 0.1 and 9.9.
      ['unit_price.range', { kind: 'range', column: 'unit_price', min: 0, max: 14.8, atMost: 1, unit: 'percent', of: 'values' }],
      ['country.set', { kind: 'set', column: 'country', values: ['France', 'Norway'], equal: 0, unit: 'rows' }],
      // The newest row of each day is of 6:40.
      ['invoice_date.freshness', { kind: 'freshness', column: 'invoice_date', atMost: 35 * 3_600, unit: 'seconds' }],
    ]);
    expect(await ask({ dataset: 'orders' })).toEqual(answer);
  });

  it('looks at some grains only, and at freshness only where every grain has rows', async () => {
    applied();
    await publish('bronze.orders', LINES);
    const two = await ask({ interval: { start: '2024-02-12', end: '2024-02-14' } });
    expect(two.rows).toBe(800);
    expect(two.proposals.map(({ id }) => id)).not.toContain('invoice_date.freshness');
    bench.catalog.rows.set('retail bronze.orders', [['2024-02-14T00:00:00Z', 400], ['2024-02-11T00:00:00Z', 0]]);
    expect((await ask()).proposals.map(({ id }) => id)).not.toContain('invoice_date.freshness');
  });

  it('leaves uniqueness out where runs dropped copies, which published rows do not show', async () => {
    applied();
    await publish('bronze.orders', LINES.replace("'I' || (1000 + n)", "'I' || (1000 + n) || '-' || day::DATE").replace('12000 + n', 'null'));
    expect((await ask()).proposals.map(({ id }) => id)).toContain('invoice_no.unique');
    bench.catalog.copies.set('retail', 1_234);
    const { proposals, leftOut } = await ask();
    expect(proposals.map(({ id }) => id)).not.toContain('invoice_no.unique');
    expect(leftOut).toContainEqual({ id: 'invoice_no.unique', column: 'invoice_no', reason: '1,234 rows were dropped as copies, and a run counts them before that. Where it is the key, `primaryKey: true` says so.' });
  });

  it('of a model by its name, whose key is checked already', async () => {
    applied();
    await publish('gold.revenue', `select '${WHOLE}' as _weir_partition, 'c' || n as country, n::DECIMAL(12,2) as total from range(500) r(n)`);
    for (const dataset of ['revenue', 'gold.revenue']) {
      const { proposals } = await ask({ dataset });
      expect(proposals.map(({ id }) => id)).toEqual(['total.nullShare', 'total.range']);
    }
  });

  it('says what is wrong with what was asked', async () => {
    await expect(ask()).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
    applied();
    await expect(ask()).rejects.toMatchObject({ code: 'NOT_POSSIBLE', place: 'bronze.orders', fix: 'Publish it with `weir run retail` first.' });
    await expect(ask({ dataset: 'nothing' })).rejects.toMatchObject({ code: 'UNKNOWN_DATASET', fix: 'Use one of bronze.orders, gold.revenue.' });
    await publish('bronze.orders', LINES);
    await expect(ask({ interval: { start: '2024-03-12', end: '2024-03-14' } })).rejects.toMatchObject({ code: 'NOT_POSSIBLE', message: expect.stringContaining('Nothing of 2024-03-12/2024-03-14 is published') as string });
    applied({ grain: undefined });
    await expect(ask({ interval: { start: '2024-02-12', end: '2024-02-14' } })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
  });

  it('ends with its caller', async () => {
    applied();
    await publish('bronze.orders', LINES);
    const gone = new AbortController();
    const answer = clients.quality.suggestChecks({ pipeline: 'retail', dataset: '', interval: undefined }, { signal: gone.signal });
    gone.abort();
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
    // The next one finds the place free.
    expect((await ask()).rows).toBe(1_200);
  });
});
