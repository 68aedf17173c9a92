import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateRetail } from '@weir/generate';
import { testBucket, type TestBucket } from '@weir/testkit';
import { weir } from './command-line';
import { useHouse } from './house';
import { retailTruth } from './oracle';
import { readExport, type ReadExport, type ReadFile } from './read-export';
import { apply, retailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';

const NAME = 'retail_exports';
const DAYS = ['2021-03-01', '2021-03-02', '2021-03-03', '2021-03-04'];
const TABLES = ['lines', 'fact_sales', 'revenue_by_day_country', 'top_products_by_day', 'customer_features', 'dim_date', 'dim_product', 'dim_customer'];

describe('a pipeline with three destinations', () => {
  const house = useHouse();
  let bucket: TestBucket;
  beforeAll(async () => {
    bucket = await testBucket();
  });
  afterAll(() => bucket?.close());

  const inFolder: ReadFile = (path) => readFile(join(house.platform.state.exports, 'e2e', path));
  const inBucket: ReadFile = (path) => bucket.get(`shop/${path}`);

  /** Every table of the warehouse, in the form of an export. */
  async function inWarehouse(columns: ReadExport['tables']): Promise<Map<string, unknown>> {
    const tables = new Map<string, unknown>();
    for (const [name, { columns: named }] of columns) {
      const { rows } = await house.platform.warehouse.query<(string | null)[]>({ text: `select ${named.map((column) => `"${column}"::text`).join(', ')} from "${NAME}"."${name}"`, rowMode: 'array' });
      tables.set(name, { columns: named, rows: rows.map((row) => JSON.stringify(row)).sort() });
    }
    return tables;
  }

  async function expectEqual(): Promise<void> {
    const [files, objects] = await Promise.all([readExport(inFolder, NAME), readExport(inBucket, NAME)]);
    expect([...files.tables.keys()].sort()).toEqual([...TABLES].sort());
    expect(files.tables).toEqual(await inWarehouse(files.tables));
    expect(objects).toEqual(files);
  }

  test('has the same tables in all of them, while days come and are corrected; whoever follows the pointer sees all tables at one snapshot', async () => {
    const { host, port, region, accessKeyId } = bucket.server;
    const data = join(house.scratch, `${NAME}-data`);
    await generateRetail(data, { from: '2021-03-01', days: DAYS.length, rowsPerDay: 400, seed: 31 });
    const destinations = ['', `{ connection: warehouse, schema: ${NAME} }`, '{ type: file, path: e2e, format: csv, compression: gzip }', `{ connection: store, bucket: ${bucket.name}, prefix: shop }`].join('\n  - ');
    const retail = retailPipeline(house.scratch, NAME, data, (path, text) => (path === 'pipeline.yaml' ? text.replace(/^destinations:\n.*\n/m, `destinations:${destinations}\n`) : text));
    writeFileSync(join(retail.folder, 'connections.yaml'), `store: { type: s3, host: ${host}, port: ${port}, tls: false, region: ${region}, accessKeyId: ${accessKeyId}, secretAccessKey: { secret: E2E_S3 } }\n`);
    await apply(retail, house.platform.state.home);
    await house.platform.run(NAME, { start: DAYS[0] ?? '', end: DAYS[1] ?? '' });
    const done = new AbortController();
    const looks = new Set<number>();
    const reading = Promise.all([inFolder, inBucket].map(async (read) => {
      while (!done.signal.aborted) {
        const { snapshot, tables } = await readExport(read, NAME, ['lines', 'fact_sales', 'customer_features', 'dim_date']);
        looks.add(snapshot);
        const valuesOf = (table: string, column: string): string[] => {
          const { columns = [], rows = [] } = tables.get(table) ?? {};
          return rows.flatMap((row) => (JSON.parse(row) as (string | null)[])[columns.indexOf(column)] ?? []);
        };
        // Thousandths, as whole numbers.
        const sum = (values: readonly string[]): bigint => values.reduce((total, value) => total + BigInt(value.replace('.', '')), 0n);
        expect(sum(valuesOf('fact_sales', 'total'))).toBe(sum(valuesOf('lines', 'total')));
        expect(valuesOf('dim_date', 'date').at(-1)).toBe([...new Set(valuesOf('lines', 'day'))].sort().at(-1));
        expect(new Set(valuesOf('customer_features', 'customer_id'))).toEqual(new Set(valuesOf('lines', 'customer_id')));
      }
    }));
    // Told below, when the runs are over.
    reading.catch(() => undefined);
    try {
      for (const [at, day] of DAYS.slice(1).entries()) await house.platform.run(NAME, { start: day, end: DAYS[at + 2] ?? '2021-03-05' });
      const file = join(retail.data, '2021-03-02.csv');
      const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
      writeFileSync(file, `${[header, ...lines.filter((_, line) => line % 3 > 0)].join('\n')}\n`);
      await house.platform.run(NAME, { start: '2021-03-02', end: '2021-03-03' });
    } finally {
      done.abort();
      await reading;
    }
    expect(looks.size).toBeGreaterThan(2);
    expectSameTables(await retailTables(house.platform.warehouse, NAME), retailTruth(retail.data).tables);
    await expectEqual();
  });

  test('leaves files of days that did not change where they were', async () => {
    const before = await bucket.keys('shop/lines/');
    await house.platform.run(NAME, { start: '2021-03-03', end: '2021-03-04' });
    expect(await bucket.keys('shop/lines/')).toEqual(before);
    await expectEqual();
  });

  test('says what it loaded where: in the record of the run and its report', async () => {
    const { stdout } = await weir(['runs', 'list', '--pipeline', NAME, '--json'], house.platform.state.home);
    const { runId = '' } = (JSON.parse(stdout) as { runs: { runId: string; kind: string }[] }).runs.find(({ kind }) => kind === 'RUN_KIND_MANUAL') ?? {};
    const shown = await weir(['runs', 'show', runId, '--json'], house.platform.state.home);
    for (const table of [`${NAME}.lines`, 'file:e2e/lines', `store:${bucket.name}/shop/lines`]) expect(shown.stdout).toContain(`"${table}"`);
  });
});
