import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { withEngine } from '@weir/engine';
import { Lake } from '@weir/lake';
import { createLog, Egress, Secret } from '@weir/platform';
import { connect, DefinitionServiceService, serve, unary, type Clients, type DefinitionFile, type RpcServer, type SourceFinding, type TestSourceResponse } from '@weir/rpc';
import { apiServer, tempDir, testBucket, testDatabase, testTopic, until, type TempDir } from '@weir/testkit';
import { kafkaClients } from '../kafka';
import { sender } from '../testing/topics';
import { testSource } from './test-source';

const CANARY = 'canary-of-the-source';

let folder: TempDir;
let far: RpcServer;
let clients: Clients;
const closing: (() => unknown)[] = [];
beforeAll(async () => {
  folder = await tempDir();
  far = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: [[DefinitionServiceService, { listPipelines: unary(() => Promise.resolve({ pipelines: [] })) }]] });
  far.setReady(true);
  clients = connect({ metadata: `127.0.0.1:${far.port}` });
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  expect(await readdir(join(folder.path, 'lake/tmp')).catch(() => [])).toEqual([]);
});
afterAll(async () => {
  clients?.close();
  await far?.drain(5_000);
  await folder?.dispose();
});

/** What a test looks at. */
interface Looked {
  /** YAML behind `source:`. */
  readonly source: string;
  readonly grain?: string;
  readonly connections?: object;
  /** YAML of the columns, and what follows them in the dataset. */
  readonly columns?: readonly string[];
  readonly drift?: string;
  readonly interval?: readonly [string, string];
  readonly allow?: readonly string[];
  /** What the service has; CANARY for all other names. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const COLUMNS = ['{ name: id, logicalType: integer, primaryKey: true }', '{ name: country, logicalType: string, required: true }', '{ name: amount, logicalType: number, physicalType: "decimal(12,2)" }'];

async function look({ source, grain, connections, columns = COLUMNS, drift, interval, allow = ['127.0.0.1'], secrets = {}, signal = new AbortController().signal }: Looked): Promise<TestSourceResponse> {
  const files: DefinitionFile[] = [
    { path: 'pipeline.yaml', text: `name: shop\n${grain === undefined ? '' : `grain: ${grain}\n`}source: ${source}\ndestinations:\n  - { connection: warehouse, schema: shop }\n` },
    { path: 'models/silver/ids.sql', text: 'select id from bronze.orders' },
    { path: 'contract.odcs.yaml', text: `apiVersion: v3.1.0\nkind: DataContract\nid: shop\nversion: 1.0.0\nstatus: active\nschema:\n  - name: orders\n    properties:\n${columns.map((column) => `      - ${column}\n`).join('')}${drift === undefined ? '' : `    customProperties:\n      - { property: weirDrift, value: ${drift} }\n`}` },
    ...(connections ? [{ path: 'connections.yaml', text: JSON.stringify(connections) }] : []),
  ];
  const log = createLog('source-test');
  log.level = 'silent';
  const kafka = kafkaClients({ kafka: { brokers: process.env['WEIR_TEST_KAFKA']?.split(',') ?? [], clientId: 'weir-source-test', tls: false } }, log);
  const deps = { lake: new Lake(join(folder.path, 'lake')), clients, engine: { memoryLimit: '64MB', threads: 1 }, egress: new Egress(allow), secretOf: (name: string) => new Secret(secrets[name] ?? CANARY), topicLog: kafka.topicLog };
  const answer = await testSource(deps, { pipeline: '', files, root: folder.path, interval: interval && { start: interval[0], end: interval[1] } }, signal);
  for (const secret of [CANARY, ...Object.values(secrets)]) expect(inspect(answer, { depth: 9 })).not.toContain(secret);
  return answer;
}

const short = (findings: readonly SourceFinding[]): string[] => findings.map(({ what, right, told }) => `${right ? '+' : '-'} ${what}: ${told}`);

async function filesAt(name: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  await mkdir(join(folder.path, name), { recursive: true });
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder.path, name, file), content);
  return name;
}

describe('files', () => {
  test('those of an interval are counted, holes among them told; the header of the first one is held against the contract', async () => {
    const dir = await filesAt('days', { '2026-01-01.csv': 'id,country,amount\n1,DE,2.5\n', '2026-01-03.csv': 'id\n' });
    const source = `{ dataset: orders, type: file, path: "${dir}/{date}.csv" }`;
    const whole = await look({ source, grain: '1d', interval: ['2026-01-01', '2026-01-02'] });
    expect(whole).toMatchObject({ pipeline: 'shop', definitionVersion: 0, type: 'file' });
    expect(short(whole.findings)).toEqual(['+ data: 1 file of 2026-01-01/2026-01-02: 2026-01-01.csv.', '+ columns: All 3 columns of the contract are in 2026-01-01.csv.']);
    const { findings } = await look({ source, grain: '1d', interval: ['2026-01-01', '2026-01-04'] });
    expect(findings[0]).toEqual({ what: 'data', right: false, told: '2 files of 2026-01-01/2026-01-04: 2026-01-01.csv, 2026-01-03.csv. 1 of 3 intervals has no file, the first of them 2026-01-02/2026-01-03.', code: 'SOURCE_MISSING', fix: 'Check the path, or set `source.empty: allow` where intervals without a file are normal.', place: `${folder.path}/days/{date}.csv` });
    expect(short((await look({ source, grain: '1d' })).findings)[0]).toBe('+ data: 2 files that match: 2026-01-01.csv, 2026-01-03.csv.');
    expect(short((await look({ source: source.replace(' }', ', empty: allow }'), grain: '1d', interval: ['2026-02-01', '2026-02-02'] })).findings)).toEqual(['+ data: There is no file of 2026-02-01/2026-02-02.']);
    await expect(look({ source, grain: '1d', interval: ['2026-01-01', '2026-01-01T10:00:00Z'] })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
  });

  test('a folder that is not there, and one without a file', async () => {
    expect((await look({ source: '{ dataset: orders, type: file, path: none/*.csv }' })).findings).toMatchObject([{ what: 'data', right: false, code: 'SOURCE_MISSING', place: `${folder.path}/none` }]);
    const dir = await filesAt('empty', {});
    expect(short((await look({ source: `{ dataset: orders, type: file, path: ${dir}/*.csv }` })).findings)).toEqual(['- data: There is no file that matches.']);
  });

  test('what is missing and new is told as the policies of drift treat it', async () => {
    const dir = await filesAt('drift', { 'a.csv': 'amount,note,id\n' });
    const source = `{ dataset: orders, type: file, path: ${dir}/a.csv }`;
    const of = async (drift?: string): Promise<string[]> => short((await look({ source, ...(drift === undefined ? {} : { drift }) })).findings).slice(2);
    expect(await of()).toEqual([
      '- column country: It is missing, and nothing can stand in its place: a run refuses the file.',
      '+ column note: It is not in the contract: rows keep it aside (`newColumn: evolve`).',
    ]);
    expect(await of('{ missingColumn: quarantine, newColumn: discard_value }')).toEqual([
      '- column country: It is missing: rows without it go to quarantine (`missingColumn: quarantine`, `nullability: quarantine`).',
      '+ column note: It is not in the contract: it is left out (`newColumn: discard_value`).',
    ]);
    expect((await of('{ missingColumn: discard_row, newColumn: freeze }')).map((line) => line.split(' (')[0])).toEqual(['- column country: It is missing: rows without it are left out', '- column note: It is not in the contract: a run stops']);
    const strange = await filesAt('strange', { 'a.csv': 'x,y\n' });
    expect((await look({ source: `{ dataset: orders, type: file, path: ${strange}/a.csv }` })).findings[1]).toMatchObject({ what: 'columns', right: false, code: 'HEADER_MISMATCH', told: 'None of the 3 columns of the contract is in a.csv, which has `x`, `y`.' });
    const twice = await filesAt('twice', { 'a.csv': 'id,country,amount,id\n' });
    expect(short((await look({ source: `{ dataset: orders, type: file, path: ${twice}/a.csv }` })).findings)[2]).toBe('- column id: The header has it more than once: a run refuses the file.');
  });

  test('records of JSON are looked at by their paths, compressed or not', async () => {
    const records = Array.from({ length: 300 }, (_, id) => JSON.stringify({ id, to: { country: 'DE' }, ...(id === 7 ? { amount: 1 } : {}), extra: 1 }));
    const columns = [COLUMNS[0] ?? '', '{ name: country, physicalName: $.to.country, logicalType: string, required: true }', COLUMNS[2] ?? '', '{ name: gone, logicalType: string }'];
    const expected = ['+ columns: 3 of the 4 columns of the contract are in the first 100 records of', '+ column gone: It is missing: rows have null in it.', '+ column extra: It is not in the contract: rows keep it aside (`newColumn: evolve`).'];
    const dir = await filesAt('json', { 'a.ndjson.gz': gzipSync(records.join('\n')), 'a.json': `{"data":{"items":[${records.join(',')}]}}` });
    for (const [file, more] of [['a.ndjson.gz', 'format: ndjson'], ['a.json', 'format: json, records: data.items']]) {
      const { findings } = await look({ source: `{ dataset: orders, type: file, path: ${dir}/${file}, ${more} }`, columns });
      expect(short(findings).slice(1)).toEqual([`${expected[0]} ${file}.`, ...expected.slice(1)]);
    }
  });

  test('the footer of Parquet has the columns', async () => {
    const dir = await filesAt('parquet', {});
    const staging = join(folder.path, dir);
    await withEngine({ inputs: [], staging, memoryLimit: '64MB', threads: 1 }, (engine) => engine.run(`copy (select 1 as id, 'DE' as country, 2 as "new one") to '${staging}/a.parquet' (format parquet)`));
    const { findings } = await look({ source: `{ dataset: orders, type: file, path: ${dir}/a.parquet, format: parquet }` });
    expect(short(findings).slice(1)).toEqual(['+ columns: 2 of the 3 columns of the contract are in a.parquet.', '+ column amount: It is missing: rows have null in it.', '+ column new one: It is not in the contract: rows keep it aside (`newColumn: evolve`).']);
  });

  test('a file that cannot be read is told as a run would refuse it', async () => {
    const dir = await filesAt('broken', { 'a.csv': '', 'a.csv.gz': 'id\n', 'a.parquet': 'id,country' });
    const of = async (file: string, more = ''): Promise<SourceFinding | undefined> => (await look({ source: `{ dataset: orders, type: file, path: ${dir}/${file}${more} }` })).findings[1];
    expect(await of('a.csv')).toMatchObject({ what: 'columns', right: false, code: 'FILE_MALFORMED', place: 'a.csv:1' });
    expect(await of('a.csv.gz')).toMatchObject({ what: 'columns', right: false, code: 'FILE_TRUNCATED', place: 'a.csv.gz' });
    expect(await of('a.parquet', ', format: parquet')).toMatchObject({ what: 'columns', right: false, code: 'FILE_MALFORMED', place: 'a.parquet' });
  });
});

describe('a bucket', () => {
  test('objects are counted, and the columns are those that the first MiB of the first one shows, compressed or not', async () => {
    const bucket = await testBucket();
    closing.push(() => bucket.close());
    const line = '1,DE,2.50\n';
    await bucket.put({ 'in/2026-01-01.csv': `id,country,amount\n${line.repeat(400_000)}`, 'in/2026-01-02.csv.gz': gzipSync(`id,country\n${Array.from({ length: 200_000 }, (_, n) => `${n},${createHash('md5').update(String(n)).digest('hex')}\n`).join('')}`) });
    const { host, port, region, accessKeyId, secretAccessKey } = bucket.server;
    const connections = { store: { type: 's3', host, port, tls: false, region, accessKeyId, secretAccessKey: { secret: 'S3' } } };
    const source = `{ dataset: orders, type: s3, connection: store, bucket: ${bucket.name}, path: "in/{date}.csv" }`;
    expect((await look({ source, grain: '1d', connections })).findings).toMatchObject([{ what: 'connection', right: false, code: 'SOURCE_REFUSED' }]);
    const known = { source, grain: '1d', connections, secrets: { S3: secretAccessKey } };
    expect(short((await look({ ...known, interval: ['2026-01-01', '2026-01-02'] })).findings)).toEqual([
      `+ connection: The store at ${host} answers for the bucket ${bucket.name}.`,
      `+ data: 1 object of 2026-01-01/2026-01-02, ${(18 + 400_000 * line.length).toLocaleString('en-US')} bytes: in/2026-01-01.csv.`,
      '+ columns: All 3 columns of the contract are in in/2026-01-01.csv.',
    ]);
    expect(short((await look({ ...known, interval: ['2026-01-01', '2026-01-03'] })).findings)[1]).toMatch(/^- data: .*1 of 2 intervals has no object, the first of them 2026-01-02\/2026-01-03\.$/);
    expect(short((await look({ source: source.replace('in/{date}.csv', 'in/*.gz'), connections, secrets: known.secrets })).findings).slice(2)).toEqual(['+ columns: 2 of the 3 columns of the contract are in in/2026-01-02.csv.gz.', '+ column amount: It is missing: rows have null in it.']);
    expect((await look({ ...known, source: source.replace(bucket.name, 'weir-test-nowhere') })).findings).toMatchObject([{ what: 'data', right: false, code: 'SOURCE_MISSING' }]);
  });
});

describe('an API', () => {
  const source = '{ dataset: orders, type: api, connection: orders_api, path: /records, records: items, interval: { from: since, to: until } }';
  const records = Array.from({ length: 5 }, (_, id) => JSON.stringify({ id, country: 'DE', amount: 1.5 }));

  test('is asked once, for the first page of the first grain', async () => {
    const server = await apiServer({ records, pages: { by: 'cursor', size: 3, records: 'items' }, allow: ({ headers }) => headers.authorization === `Bearer ${CANARY}` });
    closing.push(() => server.close());
    const connections = { orders_api: { type: 'api', host: server.host, port: server.port, tls: false, login: { type: 'bearer', token: { secret: 'API' } } } };
    const byCursor = source.replace('interval:', 'pages: { by: cursor, parameter: cursor, next: next }, interval:');
    const { findings } = await look({ source: byCursor, grain: '1d', connections, interval: ['2026-01-01', '2026-01-31'] });
    expect(short(findings)).toEqual(['+ connection: The API at 127.0.0.1 answers.', '+ data: The first page of 2026-01-01/2026-01-02 has 3 records, and there are more pages.', expect.stringContaining('+ columns: All 3 columns of the contract are in the first 3 records of ')]);
    expect(server.requests.map(({ query }) => [query.get('since'), query.get('until')])).toEqual([['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z']]);
    const before = Date.now();
    await look({ source: byCursor, grain: '1h', connections });
    const end = Date.parse(server.requests[1]?.query.get('until') ?? '');
    expect(end - Date.parse(server.requests[1]?.query.get('since') ?? '')).toBe(3_600_000);
    expect(Math.abs(before - end)).toBeLessThanOrEqual(3_600_000);
    expect((await look({ source: byCursor, grain: '1d', connections, secrets: { API: 'another-token' } })).findings).toMatchObject([{ what: 'connection', right: false, code: 'SOURCE_REFUSED' }]);
    expect((await look({ source: byCursor, grain: '1d', connections, allow: [] })).findings).toMatchObject([{ what: 'connection', right: false, code: 'EGRESS_DENIED', fix: expect.stringContaining('WEIR_EGRESS_ALLOW') as string }]);
  });

  test('that is silent is given up when the caller leaves', async () => {
    const server = await apiServer({ records, pages: { by: 'none', size: 3, records: 'items' }, fault: () => ({ type: 'silent' }) });
    closing.push(() => server.close());
    const leaving = new AbortController();
    const looking = look({ source, grain: '1d', connections: { orders_api: { type: 'api', host: server.host, port: server.port, tls: false } }, signal: leaving.signal }).catch((error: unknown) => error);
    await until(() => server.requests.length > 0, { timeoutMs: 10_000, what: 'The request' });
    leaving.abort();
    expect(await looking).toMatchObject({ code: 'CANCELLED' });
  });
});

test('a system that is silent is given up after 20 s', async () => {
  const server = await apiServer({ records: [], pages: { by: 'none', size: 3, records: 'items' }, fault: () => ({ type: 'silent' }) });
  closing.push(() => server.close());
  const started = performance.now();
  const { findings } = await look({ source: '{ dataset: orders, type: api, connection: orders_api, path: /records }', connections: { orders_api: { type: 'api', host: server.host, port: server.port, tls: false } } });
  expect(findings).toMatchObject([{ what: 'connection', right: false, code: 'DEADLINE', told: 'The source did not answer all questions within 20 s.' }]);
  expect(server.requests).toHaveLength(1);
  expect(performance.now() - started).toBeGreaterThan(19_000);
  await until(async () => (await server.connections()) === 0, { timeoutMs: 5_000, what: 'The end of the connection' });
}, 60_000);

describe('a Postgres', () => {
  test('the server, the table, the cursor and the columns are told', async () => {
    const database = await testDatabase();
    closing.push(() => database.drop());
    const { password, ...config } = database.config;
    const connections = { shop_db: { type: 'postgres', ...config, tls: false, password: { secret: 'DB' } } };
    await database.pool.query('create table orders (id bigint primary key, country text not null, amount numeric(12,2), at timestamptz not null); insert into orders select n, $$DE$$, 1, now() from generate_series(1, 1000) n; analyze orders');
    const known = { source: '{ dataset: orders, type: postgres, connection: shop_db, table: orders, cursor: at }', grain: '1d', connections, secrets: { DB: password } };
    const { findings } = await look(known);
    const [version = ''] = (await database.pool.query<{ server_version: string }>('show server_version')).rows.map((row) => row.server_version.split(' ')[0]);
    expect(short(findings)).toEqual([
      `+ connection: Postgres ${version} at ${config.host} answers.`,
      '+ data: public.orders is there and can be read: about 1,000 rows.',
      '+ cursor: at is timestamptz, and no index begins with it.',
      '+ columns: All 3 columns of the contract are in public.orders.',
      '+ column at: It is not in the contract: rows keep it aside (`newColumn: evolve`).',
    ]);
    expect(findings[2]?.fix).toContain('create index concurrently on "public"."orders" ("at");');
    await database.pool.query('create index on orders (at)');
    expect((await look(known)).findings[2]).toMatchObject({ told: 'at is timestamptz, and an index begins with it.', fix: '' });
    expect((await look({ ...known, source: known.source.replace('table: orders', 'table: order') })).findings).toMatchObject([{ what: 'data', right: false, code: 'SOURCE_REFUSED', place: 'public.order', fix: expect.stringContaining('orders') as string }]);
    expect((await look({ ...known, secrets: {} })).findings).toMatchObject([{ what: 'connection', right: false }]);
  });
});

test('of a topic its partitions and offsets are told, and how many are of the interval', async () => {
  const topic = await testTopic(2, { 'retention.ms': '-1' });
  const sending = await sender(topic);
  closing.push(() => topic.drop(), sending.close);
  const at = (partition: number, instant: string) => ({ partition, value: '{}', timestamp: String(Date.parse(instant)) });
  await sending.send([at(0, '2026-01-01T10:00:00Z'), at(0, '2026-01-01T11:00:00Z'), at(0, '2026-01-02T00:00:00Z'), at(1, '2026-01-01T12:00:00Z')]);
  const source = `{ dataset: orders, type: kafka, topic: ${topic.name}, format: json }`;
  const { findings } = await look({ source, grain: '1d', interval: ['2026-01-01', '2026-01-02'] });
  expect(short(findings)).toEqual([`+ connection: Kafka answers for ${topic.name}.`, `+ data: ${topic.name} has 2 partitions and 4 offsets (0: 0 to 3, 1: 0 to 1); between the first ones of the interval and what comes after it are 3.`]);
  expect((await look({ source: source.replace(topic.name, 'nowhere-at-all'), grain: '1d' })).findings).toMatchObject([{ what: 'data', right: false, code: 'TOPIC_MISSING' }]);
});
