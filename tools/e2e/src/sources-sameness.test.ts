import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { withEngine } from '@weir/engine';
import { generateRetail } from '@weir/generate';
import { apiServer, testBucket, testDatabase, type ApiServer, type TestBucket, type TestDatabase } from '@weir/testkit';
import { useHouse } from './house';
import { retailTruth, type RetailTruth } from './oracle';
import { realRetailFolder } from './retail-data';
import { apply, retailPipeline } from './retail-pipeline';
import { sourceDays, type SourceDay } from './source-days';
import { Streaming } from './stream/streaming';
import { expectSameTables, retailTables } from './tables';

/** The real year where somebody asks for it; four generated days otherwise. */
const ALL_DAYS = process.env['WEIR_E2E_ALL_DAYS'] === '1' ? realRetailFolder() : undefined;
const RANGE = ALL_DAYS ? { start: '2010-12-01', end: '2011-12-10' } : { start: '2010-12-01', end: '2010-12-06' };

if (ALL_DAYS) jest.setTimeout(1_800_000);

/** Generated days, some lines of which the contract refuses, and some are copies; all are whole, because only files can have others. */
async function spoiltDays(folder: string): Promise<void> {
  await generateRetail(folder, { from: RANGE.start, days: 5, rowsPerDay: 400, seed: 7, brokenShare: 0 });
  for (const { day, rows } of sourceDays(folder)) {
    const spoilt = rows.flatMap((row, at) => {
      if (at % 67 === 5) return [{ ...row, UnitPrice: '-1.50' }];
      if (at % 97 === 7) return [{ ...row, Quantity: 'six' }];
      if (at % 113 === 9) return [{ ...row, Country: '' }];
      return at % 41 === 3 ? [row, row] : [row];
    });
    const lines = [Object.keys(rows[0] ?? {}), ...spoilt.map((row) => Object.values(row))].map((fields) => fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(','));
    writeFileSync(join(folder, `${day}.csv`), `${lines.join('\n')}\n`);
  }
}

/** The same days of the shop from every system that a source can be; the contract, the models and so the tables are the same. */
describe('the same days, whatever they come from', () => {
  const house = useHouse();
  let folder: string;
  let days: SourceDay[];
  let truth: RetailTruth;
  let bucket: TestBucket | undefined;
  let api: ApiServer | undefined;
  let database: TestDatabase | undefined;

  beforeAll(async () => {
    folder = ALL_DAYS ?? join(house.scratch, 'days');
    if (!ALL_DAYS) await spoiltDays(folder);
    days = sourceDays(folder);
    truth = retailTruth(folder);
  });
  afterAll(async () => {
    bucket?.close();
    await api?.close();
    await database?.drop();
  });

  /** Runs the shop's pipeline over another source, and says what its tables are. */
  async function expectSame(name: string, source: string, connections = '', contract = (text: string): string => text): Promise<void> {
    const pipeline = retailPipeline(house.scratch, name, folder, (path, text) => {
      if (path === 'pipeline.yaml') return text.replace(/^source:\n(?: .*\n)+/m, `source: { dataset: order_lines, ${source} }\n`);
      return path === 'contract.odcs.yaml' ? contract(text) : text;
    });
    if (connections) writeFileSync(join(pipeline.folder, 'connections.yaml'), connections);
    await apply(pipeline, house.platform.state.home);
    const { accounts, runId } = await house.platform.run(name, RANGE);
    if (ALL_DAYS) await tellTimes(name, runId);
    expect(accounts).toEqual({ ...truth.accounts, filtered: 0 });
    expectSameTables(await retailTables(house.platform.warehouse, name), truth.tables);
  }

  /** How long each stage of a run took: for the year that somebody waits for. */
  async function tellTimes(name: string, runId: string): Promise<void> {
    const { stages } = await house.platform.clients.runs.getRun({ run: runId });
    const times = stages.map(({ stage, milliseconds }) => `${stage} ${(milliseconds / 1_000).toFixed(1)} s`);
    process.stdout.write(`${name}: ${truth.accounts.read} rows; ${times.join(', ')}\n`);
  }

  /** Writes a file for each day into a folder of its own. */
  function written(name: string, extension: string, content: (day: SourceDay) => Buffer | string): string {
    const target = join(house.scratch, name);
    mkdirSync(target);
    for (const day of days) writeFileSync(join(target, `${day.day}.${extension}`), content(day));
    return target;
  }

  test('files of CSV', () => expectSame('via_csv', `type: file, path: "${folder}/{date}.csv", empty: allow`));

  test('gzipped files of JSON lines', async () => {
    const target = written('lines', 'ndjson.gz', ({ rows }) => gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join('')));
    await expectSame('via_ndjson', `type: file, path: "${target}/{date}.ndjson.gz", format: ndjson, empty: allow`);
  });

  test('JSON documents', async () => {
    const target = written('documents', 'json', ({ day, rows }) => JSON.stringify({ exported: day, data: { count: rows.length, lines: rows } }, undefined, 1));
    await expectSame('via_json', `type: file, path: "${target}/{date}.json", format: json, records: data.lines, empty: allow`);
  });

  test('Parquet', async () => {
    const target = join(house.scratch, 'parquet');
    mkdirSync(target);
    const inputs = days.map(({ day }) => join(folder, `${day}.csv`));
    await withEngine({ inputs, staging: target, memoryLimit: '256MB', threads: 1 }, async (engine) => {
      for (const [at, path] of inputs.entries()) await engine.run(`copy (select * from read_csv('${path}', all_varchar = true, header = true)) to '${target}/${days[at]?.day}.parquet' (format parquet)`);
    });
    await expectSame('via_parquet', `type: file, path: "${target}/{date}.parquet", format: parquet, empty: allow`);
  });

  test('objects of a bucket', async () => {
    bucket = await testBucket();
    const { name, server } = bucket;
    await bucket.put(Object.fromEntries(days.map(({ day, rows }) => [`shop/${day}.ndjson`, rows.map((row) => `${JSON.stringify(row)}\n`).join('')])));
    const connections = `landing: { type: s3, host: ${server.host}, port: ${server.port}, tls: false, region: ${server.region}, accessKeyId: ${server.accessKeyId}, secretAccessKey: { secret: E2E_S3 } }\n`;
    await expectSame('via_s3', `type: s3, connection: landing, bucket: ${name}, path: "shop/{date}.ndjson", format: ndjson, empty: allow`, connections);
  });

  test('an API, page by page, which fails now and then', async () => {
    const byDay = new Map(days.map(({ day, rows }) => [day, rows.map((row) => JSON.stringify(row))]));
    api = await apiServer({
      records: [],
      pages: { by: 'cursor', parameter: 'after', records: 'data', next: 'meta.next', size: 150, sizeParameter: 'limit' },
      path: '/v1/lines',
      select: (_records, query) => byDay.get((query.get('since') ?? '').slice(0, 10)) ?? [],
      allow: ({ headers }) => headers.authorization === 'Bearer e2e-api-token',
      fault: ({ number }) => (number % 7 === 3 ? { type: 'status', status: 503 } : number % 11 === 5 ? { type: 'reset_inside' } : undefined),
    });
    const connections = `shop_api: { type: api, host: 127.0.0.1, port: ${api.port}, tls: false, basePath: /v1, login: { type: bearer, token: { secret: E2E_API } }, requestsPerSecond: 1000 }\n`;
    await expectSame('via_api', 'type: api, connection: shop_api, path: /lines, records: data, pages: { by: cursor, parameter: after, next: meta.next, size: 150, sizeParameter: limit }, interval: { from: since, to: until }', connections);
  });

  test('a table', async () => {
    database = await testDatabase();
    const { pool, config } = database;
    const names = Object.keys(days[0]?.rows[0] ?? {});
    const columns = names.map((name) => `"${name}" text`).join(', ');
    await pool.query(`create table lines (exported_on date not null, ${columns})`);
    for (const { day, rows } of days) await pool.query(`insert into lines select $1::date, * from json_to_recordset($2) as t (${columns})`, [day, JSON.stringify(rows)]);
    const connections = `shop_db: { type: postgres, host: ${config.host}, port: ${config.port}, database: ${config.database}, user: ${config.user}, password: { secret: E2E_POSTGRES }, tls: false }\n`;
    // The day of the export is no column of the contract: it says which interval a line is of, and nothing else.
    await expectSame('via_postgres', 'type: postgres, connection: shop_db, table: lines, cursor: exported_on', connections, (text) => text.replace('    logicalType: object\n', '    logicalType: object\n    customProperties: [{ property: weirDrift, value: { newColumn: discard_value } }]\n'));
  });

  test('a topic', async () => {
    const streaming = await Streaming.open(house.platform);
    await streaming.topic('e2e-lines', 3);
    for (const { day, rows } of days) {
      const noon = Date.parse(`${day}T12:00:00Z`);
      await streaming.send('e2e-lines', rows.map((row, at) => ({ partition: at % 3, value: JSON.stringify(row), timestamp: String(noon + at) })));
    }
    await expectSame('via_kafka', 'type: kafka, topic: e2e-lines');
  });
});
