import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { withEngine } from '@weir/engine';
import { Lake } from '@weir/lake';
import { Egress, Secret } from '@weir/platform';
import type { DiscoverSourceRequest, DiscoverSourceResponse } from '@weir/rpc';
import { apiServer, tempDir, testBucket, testDatabase, testTopic, until, type ApiServer, type TempDir, type TestBucket, type TestDatabase } from '@weir/testkit';
import { kafkaClients } from '../kafka';
import { sender } from '../testing/topics';
import { discoverSource, type DiscoverDependencies } from './discover-source';

/** What a test asks. */
interface Asked {
  readonly connections: object;
  readonly ask: Partial<DiscoverSourceRequest>;
  readonly secret?: string;
  readonly allow?: readonly string[];
  readonly signal?: AbortSignal;
}

let folder: TempDir;
beforeAll(async () => {
  folder = await tempDir();
});
afterAll(() => folder?.dispose());

const NOTHING: DiscoverSourceRequest = { connections: undefined, connection: '', table: '', path: '', bucket: '', key: '', file: '', topic: '' };

function dependencies(changes: Partial<DiscoverDependencies> = {}): DiscoverDependencies {
  const none = (): never => {
    throw new Error('Nothing of Kafka, and nothing secret, is asked for here.');
  };
  return { lake: new Lake(join(folder.path, 'lake')), engine: { memoryLimit: '256MB', threads: 1 }, egress: new Egress([]), secretOf: none, topicLog: none, ...changes };
}

async function discover({ connections, ask, secret = 'canary-of-the-system', allow = ['127.0.0.1'], signal = new AbortController().signal }: Asked): Promise<DiscoverSourceResponse> {
  const answer = await discoverSource(dependencies({ egress: new Egress(allow), secretOf: () => new Secret(secret) }), { ...NOTHING, connections: { path: 'connections.yaml', text: JSON.stringify(connections) }, connection: 'system', ...ask }, signal);
  expect(inspect(answer, { depth: 9 })).not.toContain(secret);
  return answer;
}

describe('a Postgres', () => {
  let database: TestDatabase;
  let connections: object;
  beforeAll(async () => {
    database = await testDatabase();
    const { password: _, ...config } = database.config;
    connections = { system: { type: 'postgres', ...config, tls: false, password: { secret: 'DB' } } };
    await database.pool.query(`create schema shop;
      create table shop.lines (line int, "order" bigint, amount numeric(12,3) not null, rate real, any_number numeric, at timestamptz(3) not null, local timestamp, day date, paid boolean, note varchar(20), more jsonb, id uuid, tags text[], primary key ("order", line));
      insert into shop.lines values (1, 1, 1, 1, 1, now(), now(), now(), true, 'x', '{}', gen_random_uuid(), '{}'); analyze shop.lines;
      create view shop.paid as select line from shop.lines;
      create table public.orders (id int)`);
  });
  afterAll(() => database?.drop());

  const ask = (request: Partial<DiscoverSourceRequest> = {}): Promise<DiscoverSourceResponse> => discover({ connections, ask: request, secret: database.config.password });

  test('has its tables listed, by name', async () => {
    const { type, datasets, more } = await ask();
    expect({ type, more }).toEqual({ type: 'postgres', more: false });
    expect(datasets.map(({ name, kind, key, rows, columns }) => [name, kind, key, rows, columns.length])).toEqual([
      ['public.orders', 'table', [], undefined, 1],
      ['shop.lines', 'table', ['order', 'line'], 1, 13],
      ['shop.paid', 'view', [], undefined, 1],
    ]);
  });

  test('gives one table with the types of a contract that hold all its values', async () => {
    const { datasets } = await ask({ table: 'shop.lines' });
    expect(datasets).toHaveLength(1);
    expect(datasets[0]?.columns.map(({ name, type, sourceType, required }) => [name, type, sourceType, required])).toEqual([
      ['line', 'BIGINT', 'integer', true],
      ['order', 'BIGINT', 'bigint', true],
      ['amount', 'DECIMAL(12,3)', 'numeric(12,3)', true],
      ['rate', 'DOUBLE', 'real', false],
      ['any_number', 'VARCHAR', 'numeric', false],
      ['at', 'TIMESTAMP', 'timestamp(3) with time zone', true],
      ['local', 'TIMESTAMP', 'timestamp without time zone', false],
      ['day', 'DATE', 'date', false],
      ['paid', 'BOOLEAN', 'boolean', false],
      ['note', 'VARCHAR', 'character varying(20)', false],
      ['more', 'VARCHAR', 'jsonb', false],
      ['id', 'VARCHAR', 'uuid', false],
      ['tags', 'ARRAY', 'text[]', false],
    ]);
    expect((await ask({ table: 'orders' })).datasets.map(({ name }) => name)).toEqual(['public.orders']);
  });

  test('refuses what it does not have and whom it does not know', async () => {
    await expect(ask({ table: 'shop.line' })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', place: 'shop.line', fix: expect.stringContaining('lines') as string });
    await expect(discover({ connections, ask: {}, secret: 'another' })).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    await expect(discover({ connections, ask: {}, allow: [] })).rejects.toMatchObject({ code: 'EGRESS_DENIED' });
    await expect(ask({ path: '/orders' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(ask({ connection: 'sistem' })).rejects.toMatchObject({ code: 'UNKNOWN_CONNECTION', fix: expect.stringContaining('system') as string });
    await expect(discover({ connections: { system: { type: 'postgres' } }, ask: {} })).rejects.toMatchObject({ code: 'MISSING_KEY' });
  });
});

describe('an API', () => {
  const servers: ApiServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  const serve = async (options: Partial<Parameters<typeof apiServer>[0]>): Promise<object> => {
    const server = await apiServer({ records: [], pages: { by: 'none', size: 100, records: 'data.items' }, ...options });
    servers.push(server);
    return { system: { type: 'api', host: server.host, port: server.port, tls: false } };
  };

  test('is asked for one page, whose values say what columns there are', async () => {
    const record = (id: number, more: object): string => JSON.stringify({ id, total: id + 0.125, whole: 3, big: 1e30, paid: true, day: '2026-01-02', at: '2026-01-02T10:00:00.5Z', text: id === 1 ? '2026-01-02' : 'x', to: { city: 'B' }, tags: [], ...more });
    const connections = await serve({ records: [record(1, { note: 'n' }), record(2, { none: null })] });
    const { type, datasets } = await discover({ connections, ask: { path: 'records' } });
    expect(type).toBe('api');
    expect(datasets).toHaveLength(1);
    const [page] = datasets;
    expect(page).toMatchObject({ name: '/records', kind: 'page', key: ['id'], rows: 2, records: 'data.items' });
    expect(page?.columns.map(({ name, type: of, required }) => [name, of, required])).toEqual([
      ['id', 'BIGINT', true], ['total', 'DECIMAL(18,3)', true], ['whole', 'BIGINT', true], ['big', 'DOUBLE', true], ['paid', 'BOOLEAN', true], ['day', 'DATE', true], ['at', 'TIMESTAMP', true], ['text', 'VARCHAR', true], ['to', 'OBJECT', true], ['tags', 'ARRAY', true], ['note', 'VARCHAR', false], ['none', 'VARCHAR', false],
    ]);
    expect(servers[0]?.requests).toHaveLength(1);
  });

  test('without records, and without a path, says nothing', async () => {
    const connections = await serve({ fault: () => ({ type: 'status', status: 200, body: '{"a":1}' }) });
    await expect(discover({ connections, ask: { path: '/records' } })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', place: '/records' });
    await expect(discover({ connections, ask: {} })).rejects.toMatchObject({ code: 'INVALID_VALUE', place: 'system' });
    await expect(discover({ connections, ask: { path: '/nothing' } })).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
  });

  test('that is silent is left when the caller leaves', async () => {
    const connections = await serve({ fault: () => ({ type: 'silent' }) });
    const leaving = new AbortController();
    const looking = discover({ connections, ask: { path: '/records' }, signal: leaving.signal }).catch((error: unknown) => error);
    await until(() => servers[0]?.requests.length === 1, { timeoutMs: 10_000, what: 'The request' });
    leaving.abort();
    expect(await looking).toMatchObject({ code: 'CANCELLED' });
  });
});

const PARQUET = { format: 'parquet', delimiter: '', records: '', key: ['id'] };
const PARQUET_COLUMNS = [
  ['id', 'BIGINT', true], ['small', 'BIGINT', true], ['huge', 'DECIMAL(20,0)', true], ['total', 'DECIMAL(12,3)', true], ['rate', 'DOUBLE', true], ['paid', 'BOOLEAN', false], ['day', 'DATE', true], ['at', 'TIMESTAMP', true], ['zoned', 'TIMESTAMP', true], ['note', 'VARCHAR', true], ['to', 'OBJECT', true], ['tags', 'ARRAY', true], ['clock', 'VARCHAR', true],
];

/** A file with a column of each type. */
async function parquet(): Promise<Buffer> {
  const staging = await tempDir();
  try {
    return await withEngine({ inputs: [], staging: staging.path, memoryLimit: '256MB', threads: 1 }, async (engine) => {
      const path = join(staging.path, 'a.parquet');
      await engine.run(`copy (select n as id, n::smallint as small, n::ubigint as huge, (n / 8)::decimal(12,3) as total, n::float as rate, case when n > 1 then true end as paid, date '2026-01-01' as day, timestamp '2026-01-01 10:00:00' as at, timestamptz '2026-01-01 10:00:00+02' as zoned, '2026-01-01' as note, {'city': 'B'} as "to", ['a'] as tags, time '10:00:00' as clock from range(1, 4) r(n)) to '${path}' (format parquet)`);
      return readFile(path);
    });
  } finally {
    await staging.dispose();
  }
}

describe('files', () => {
  const LINES = '{"order_id":"o1","total":0.25}\n{"order_id":"o2","total":1.5}\n';
  const columns = [['order_id', 'VARCHAR', true], ['total', 'DECIMAL(18,2)', true]];
  let input: string;
  beforeAll(async () => {
    input = join(folder.path, 'in');
    await mkdir(input);
    const contents = { '2026-01-01.csv.gz': gzipSync('order_id;total\no1;0.25\no2;1.50\n'), '2026-01-02.csv.gz': 'damaged', 'a.ndjson': LINES, 'a.json': `{"of":{"orders":[${LINES.trim().replace('\n', ',')}]}}`, 'list.json': `[${LINES.trim().replace('\n', ',')}]`, 'a.parquet': await parquet(), 'cut.parquet': (await parquet()).subarray(0, 200), 'empty.ndjson': '', 'a.xml': '<a/>', 'binary.csv': Buffer.from([0, 1, 2]) };
    for (const [name, content] of Object.entries(contents)) await writeFile(join(input, name), content);
  });
  afterEach(async () => expect(await readdir(join(folder.path, 'lake/tmp'))).toEqual([]));

  const ask = (name: string, more: Partial<DiscoverSourceRequest> = {}): Promise<DiscoverSourceResponse> => discoverSource(dependencies(), { ...NOTHING, file: join(input, name), ...more }, new AbortController().signal);

  test.each([
    ['{date}.csv.gz', { format: 'csv', delimiter: ';', records: '', key: ['order_id'] }, columns],
    ['*.ndjson', { format: 'ndjson', delimiter: '', records: '', key: ['order_id'] }, columns],
    ['a.json', { format: 'json', delimiter: '', records: 'of.orders', key: ['order_id'] }, columns],
    ['list.json', { format: 'json', delimiter: '', records: '', key: ['order_id'] }, columns],
    ['a.parquet', PARQUET, PARQUET_COLUMNS],
  ])('%s have the columns of the first one', async (name, how, expected) => {
    const { type, datasets, more } = await ask(name);
    expect({ type, more, datasets }).toMatchObject({ type: 'file', more: false, datasets: [{ name: join(input, name), kind: 'file', ...how }] });
    expect(datasets[0]?.columns.map(({ name: column, type: of, required }) => [column, of, required])).toEqual(expected);
  });

  test.each([['empty.ndjson', 'SOURCE_REFUSED'], ['a.xml', 'INVALID_VALUE'], ['binary.csv', 'FILE_MALFORMED'], ['2026-01-02.csv.gz', 'FILE_MALFORMED'], ['cut.parquet', 'FILE_TRUNCATED'], ['nothing*.csv', 'SOURCE_MISSING'], ['nowhere/a.csv', 'SOURCE_MISSING']])('%s: %s', async (name, code) => {
    await expect(ask(name)).rejects.toMatchObject({ code });
  });

  test('are asked for by an absolute path, and by nothing else', async () => {
    await expect(ask('', { file: 'in/a.csv' })).rejects.toMatchObject({ code: 'INVALID_VALUE', place: 'in/a.csv' });
    await expect(ask('a.ndjson', { topic: 'orders' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(ask('a.ndjson', { table: 'orders' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });
});

test('a topic has the columns of its newest records, of all partitions; what is no JSON object says nothing', async () => {
  const topic = await testTopic(2);
  const kafka = kafkaClients({ kafka: { brokers: topic.brokers, clientId: 'weir-test', tls: false } }, { debug: () => undefined, warn: () => undefined });
  const { send, close } = await sender(topic);
  const ask = (name = topic.name): Promise<DiscoverSourceResponse> => discoverSource(dependencies({ topicLog: (connection, of) => kafka.topicLog(connection, of) }), { ...NOTHING, topic: name }, new AbortController().signal);
  try {
    await expect(ask()).rejects.toMatchObject({ code: 'SOURCE_REFUSED', place: topic.name });
    // Older than those that are looked at.
    await send(Array.from({ length: 60 }, () => ({ partition: 0, value: '{"old":1}' })));
    await send(Array.from({ length: 100 }, (_, n) => ({ partition: n % 2, value: JSON.stringify({ click_id: n, at: '2026-01-01T00:00:00Z', price: n / 4, ...(n === 99 ? { more: { a: 1 } } : {}) }) })));
    await send([{ partition: 1, value: null, key: 'gone' }, { partition: 1, value: 'no JSON' }]);
    const { type, datasets } = await ask();
    expect({ type, datasets }).toMatchObject({ type: 'kafka', datasets: [{ name: topic.name, kind: 'topic', key: ['click_id'], rows: 162 }] });
    expect(datasets[0]?.columns.map(({ name, type: of, required }) => [name, of, required])).toEqual([['click_id', 'BIGINT', true], ['at', 'TIMESTAMP', true], ['price', 'DECIMAL(18,2)', true], ['more', 'OBJECT', false]]);
    await expect(ask(`${topic.name}-not`)).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
    await send([{ partition: 0, value: Buffer.from([0, 0, 0, 0, 7, 2]) }]);
    await expect(ask()).rejects.toMatchObject({ code: 'SOURCE_REFUSED', fix: expect.stringContaining('format: avro') as string });
  } finally {
    await close();
    await kafka.close();
    await topic.drop();
  }
});

describe('a store', () => {
  let bucket: TestBucket;
  let connections: object;
  beforeAll(async () => {
    bucket = await testBucket();
    const { host, port, region, accessKeyId } = bucket.server;
    connections = { system: { type: 's3', host, port, tls: false, region, accessKeyId, secretAccessKey: { secret: 'S3' } } };
    const records = Array.from({ length: 150 }, (_, n) => JSON.stringify({ order_id: `o${n}`, total: n / 4 }));
    await bucket.put({
      'csv/2026-01-01.csv.gz': gzipSync('id;zip;"total; EUR";paid;at\n1;00123;2.5;true;2026-01-01 10:00:00\n2;00124;;FALSE;2026-01-01 11:00:00\n'),
      'csv/2026-01-02.csv.gz': gzipSync('other\n'),
      'lines/a.ndjson': records.join('\n'),
      'document/a.json': `{"meta":{},"data":{"items":[${records.join(',')}]}}`,
      'binary/a.parquet': 'PAR1',
      'columns/a.parquet': await parquet(),
      'unknown/a.xml': '<a/>',
      'empty/a.ndjson': '',
    });
  });
  afterEach(async () => expect(await readdir(join(folder.path, 'lake/tmp'))).toEqual([]));
  afterAll(() => bucket?.close());

  const ask = (key: string): Promise<DiscoverSourceResponse> => discover({ connections, ask: { bucket: bucket.name, key }, secret: bucket.server.secretAccessKey });
  const orders = [['order_id', 'VARCHAR', true], ['total', 'DECIMAL(18,2)', true]];

  test.each([
    ['csv/{date}.csv.gz', { format: 'csv', delimiter: ';', records: '', key: ['id'] }, [['id', 'BIGINT', true], ['zip', 'VARCHAR', true], ['total; EUR', 'DECIMAL(18,2)', false], ['paid', 'BOOLEAN', true], ['at', 'TIMESTAMP', true]]],
    ['lines/*.ndjson', { format: 'ndjson', delimiter: '', records: '', key: ['order_id'] }, orders],
    ['/document/a.json', { format: 'json', delimiter: '', records: 'data.items', key: ['order_id'] }, orders],
    ['columns/*.parquet', PARQUET, PARQUET_COLUMNS],
  ])('gives the columns of the first object of %s by its first records', async (key, how, columns) => {
    const { type, datasets } = await ask(key);
    expect({ type, datasets }).toMatchObject({ type: 's3', datasets: [{ name: key.replace(/^\//, ''), kind: 'object', ...how }] });
    expect(datasets[0]?.columns.map(({ name, type: of, required }) => [name, of, required])).toEqual(columns);
  });

  test.each([['binary/*', 'FILE_TRUNCATED'], ['unknown/*', 'INVALID_VALUE'], ['empty/*', 'SOURCE_REFUSED'], ['nothing/*.csv', 'SOURCE_MISSING'], ['', 'INVALID_VALUE']])('of %s says %s', async (key, code) => {
    await expect(ask(key)).rejects.toMatchObject({ code });
  });
});
