import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sideBySide } from '@weir/core';
import { withEngine } from '@weir/engine';
import { testDatabase, type TestDatabase } from '@weir/testkit';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import { Streaming } from './stream/streaming';

describe('weir sources discover', () => {
  const house = useHouse();
  let database: TestDatabase;
  /** The folder with connections.yaml. */
  let shop: string;
  beforeAll(async () => {
    database = await testDatabase();
    await database.pool.query(`create schema found;
      create table found.found_orders (region text, number int, amount numeric(12,3) not null, placed_at timestamptz not null, "Note" text, remark text not null, details jsonb, tags text[], primary key (region, number));
      insert into found.found_orders select case when n % 2 = 0 then 'EU' else 'US' end, n, n / 8.0, timestamptz '2026-01-01 00:00:00+02' + n * interval '1 hour', case n when 3 then null when 4 then '' else 'note ' || n end, case when n < 9 then '' else 'x' end, jsonb_build_object('n', n), case n % 3 when 0 then null when 1 then '{}' else array['a "' || n, null, ''] end from generate_series(1, 200) n;
      analyze found.found_orders`);
    const { password: _, ...config } = database.config;
    shop = join(house.scratch, 'shop');
    mkdirSync(shop);
    writeFileSync(join(shop, 'connections.yaml'), `# Of the shop.\nshop_db: ${JSON.stringify({ type: 'postgres', ...config, tls: false, password: { secret: 'E2E_POSTGRES' } })}\n`);
  });
  afterAll(() => database?.drop());

  const command = (...args: string[]): Promise<CommandEnd> => weir(args, house.platform.state.home);

  test('from a connection to delivered rows: the tables are listed, and what is written for one checks, tests, applies and runs as it is', async () => {
    const ask = ['sources', 'discover', shop, '--connection', 'shop_db'];
    const listed = await command(...ask);
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toMatch(/found\.found_orders +table +8 +region, number +200/);

    const folder = join(house.scratch, 'found');
    const written = await command(...ask, '--table', 'found.found_orders', '--out', folder, '--json');
    expect({ code: written.code, stderr: written.stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(written.stdout)).toEqual({ pipeline: 'found_orders', folder, files: ['pipeline.yaml', 'contract.odcs.yaml', 'models/silver/found_orders_rows.sql', 'connections.yaml'].map((path) => join(folder, path)) });
    expect(readFileSync(join(folder, 'connections.yaml'), 'utf8')).toBe(readFileSync(join(shop, 'connections.yaml'), 'utf8'));
    expect(await command(...ask, '--table', 'found.found_orders', '--out', folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') as string });
    for (const step of [['check', folder], ['sources', 'test', folder], ['apply', folder], ['run', 'found_orders']]) {
      const { code, stdout, stderr } = await command(...step);
      expect({ step: step.join(' '), code, told: code === 0 ? '' : stdout + stderr }).toEqual({ step: step.join(' '), code: 0, told: '' });
    }
    const expected = await database.pool.query(`select region, number::text, amount::text, (placed_at at time zone 'UTC')::text as placed_at, "Note" as note, remark, array_to_json(tags)::text as tags from found.found_orders order by number`);
    const loaded = await house.platform.warehouse.query(`select region, number::text, amount::text, placed_at::text as placed_at, note, remark, tags from found_orders.found_orders_rows order by number`);
    expect(loaded.rows).toEqual(expected.rows);
  });

  const LINES = [{ sale_id: 's1', amount: 1.5, sold_on: '2026-01-01', more: { a: [1] } }, { sale_id: 's2', amount: 0.25, sold_on: '2026-01-02', more: {} }];
  const NDJSON = LINES.map((line) => `${JSON.stringify(line)}\n`).join('');

  /** What files of each format have the same rows in. */
  async function written(): Promise<string[]> {
    const staging = join(house.scratch, 'in');
    mkdirSync(staging);
    writeFileSync(join(staging, 'sales_rows.csv'), `sale_id;amount;sold_on;more\n${LINES.map(({ sale_id, amount, sold_on, more }) => `${sale_id};${amount};${sold_on};"${JSON.stringify(more).replaceAll('"', '""')}"\n`).join('')}`);
    writeFileSync(join(staging, 'sales_lines.ndjson.gz'), gzipSync(NDJSON));
    writeFileSync(join(staging, 'sales_list.json'), JSON.stringify(LINES));
    writeFileSync(join(staging, 'sales_document.json'), JSON.stringify({ of: { sales: LINES } }));
    await withEngine({ inputs: [], staging, memoryLimit: '256MB', threads: 1 }, (engine) =>
      engine.run(`copy (select * from (values ('s1', 1.5::decimal(18,2), date '2026-01-01', {'a': [1]}), ('s2', 0.25, date '2026-01-02', {'a': null})) t(sale_id, amount, sold_on, more)) to '${staging}/sales_columns.parquet' (format parquet)`),
    );
    return ['sales_rows.csv', 'sales_lines.ndjson.gz', 'sales_list.json', 'sales_document.json', 'sales_columns.parquet'].map((name) => join(staging, name));
  }

  /** What is written checks, applies and runs as it is; gives the rows in the destination. */
  async function ran(name: string, folder: string, ...run: readonly string[]): Promise<unknown[]> {
    for (const step of [['check', folder], ['sources', 'test', folder], ['apply', folder], ['run', name, ...run]]) {
      const { code, stdout, stderr } = await command(...step);
      expect({ step: step.join(' '), code, told: code === 0 ? '' : stdout + stderr }).toEqual({ step: step.join(' '), code: 0, told: '' });
    }
    const { rows } = await house.platform.warehouse.query(`select sale_id, amount::text, sold_on::text from ${name}.${name}_rows order by sale_id`);
    return rows;
  }
  const EXPECTED = [{ sale_id: 's1', amount: '1.50', sold_on: '2026-01-01' }, { sale_id: 's2', amount: '0.25', sold_on: '2026-01-02' }];

  test('files of every format become pipelines that run as they are written', async () => {
    // Two at a time: each is a pipeline of its own, and most of its time is that of starting commands.
    await sideBySide(await written(), 2, async (file) => {
      const name = basename(file).replace(/\..*/, '');
      const folder = join(house.scratch, 'of-files', name);
      expect(await command('sources', 'discover', '--file', file, '--out', folder)).toMatchObject({ code: 0, stderr: '' });
      expect({ name, rows: await ran(name, folder) }).toEqual({ name, rows: EXPECTED });
    });
  });

  test('and so does a topic', async () => {
    const streaming = await Streaming.open(house.platform);
    await streaming.topic('sales_topic', 2);
    await streaming.send('sales_topic', LINES.map((line, at) => ({ partition: at, value: JSON.stringify(line), timestamp: String(Date.parse('2026-01-01T10:15:00Z')) })));
    const folder = join(house.scratch, 'of-topic');
    expect(await command('sources', 'discover', '--topic', 'sales_topic', '--out', folder)).toMatchObject({ code: 0, stderr: '' });
    expect(await ran('sales_topic', folder, '--interval', '2026-01-01T10/2026-01-01T11')).toEqual(EXPECTED);
  });

  test('what is not there ends with 1 or 2, and names what is', async () => {
    expect(await command('sources', 'discover', shop, '--connection', 'shop')).toMatchObject({ code: 2, stderr: expect.stringContaining('use one of `shop_db`') as string });
    const { code, stderr } = await command('sources', 'discover', shop, '--connection', 'shop_db', '--table', 'found.found_order');
    expect({ code, named: stderr.includes('found_orders') }).toEqual({ code: 1, named: true });
  });
});
