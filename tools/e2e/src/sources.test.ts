import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testDatabase, type TestDatabase } from '@weir/testkit';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import type { RetailPipeline } from './retail-pipeline';

interface Tested {
  readonly definitionVersion: number | null;
  readonly type: string;
  readonly right: boolean;
  readonly findings: readonly { readonly what: string; readonly right: boolean; readonly told: string; readonly code: string; readonly place: string }[];
}

describe('weir sources test', () => {
  const house = useHouse();
  let shop: RetailPipeline;
  beforeAll(async () => {
    shop = await house.retail('retail_sources', { from: '2021-05-03', days: 3, rowsPerDay: 200, seed: 53 });
  });

  const look = (...args: string[]): Promise<CommandEnd> => weir(['sources', 'test', ...args], house.platform.state.home, { RETAIL_PATH: shop.data });

  test('an applied pipeline and the files of a folder are looked at alike; a hole and a column that is missing end with 2', async () => {
    const wide = ['--interval', '2021-05-03/2021-05-06', '--json'];
    const applied = await look(shop.name, ...wide);
    expect({ code: applied.code, stderr: applied.stderr }).toEqual({ code: 0, stderr: '' });
    const answer = JSON.parse(applied.stdout) as Tested;
    expect(answer).toMatchObject({ definitionVersion: 1, type: 'file', right: true, findings: [{ what: 'data', told: '3 files of 2021-05-03/2021-05-06: 2021-05-03.csv, 2021-05-04.csv, 2021-05-05.csv.' }, { what: 'columns' }] });
    expect(JSON.parse((await look(shop.folder, ...wide)).stdout)).toEqual({ ...answer, definitionVersion: null });

    rmSync(join(shop.data, '2021-05-04.csv'));
    const first = join(shop.data, '2021-05-03.csv');
    const [header = '', ...lines] = readFileSync(first, 'utf8').split('\n');
    writeFileSync(first, [header.replace(/^[^,]+/, 'another'), ...lines].join('\n'));
    const { code, stdout } = await look(shop.folder, '--interval', '2021-05-03/2021-05-06');
    expect(code).toBe(2);
    expect(stdout).toContain('1 of 3 intervals has no file, the first of them 2021-05-04/2021-05-05.');
    expect(stdout).toContain('HEADER_MISMATCH  2021-05-03.csv');
    expect(stdout).toContain('It is not in the contract');
  });

  test('what cannot be asked ends with 2: an unknown pipeline, an interval off the grain', async () => {
    expect(await look('nobody')).toMatchObject({ code: 2, stderr: expect.stringContaining('PIPELINE_NOT_FOUND') as string });
    expect(await look(shop.name, '--interval', '2021-05-03/2021-05-03T05:00:00Z')).toMatchObject({ code: 2, stderr: expect.stringContaining('INVALID_INTERVAL') as string });
  });
});

describe('weir sources discover', () => {
  const house = useHouse();
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
    await database.pool.query(`create schema found;
      create table found.found_orders (region text, number int, amount numeric(12,3) not null, placed_at timestamptz not null, "Note" text, details jsonb, primary key (region, number));
      insert into found.found_orders select case when n % 2 = 0 then 'EU' else 'US' end, n, n / 8.0, timestamptz '2026-01-01 00:00:00+02' + n * interval '1 hour', nullif('note ' || n, 'note 3'), jsonb_build_object('n', n) from generate_series(1, 200) n;
      analyze found.found_orders`);
  });
  afterAll(() => database?.drop());

  const command = (...args: string[]): Promise<CommandEnd> => weir(args, house.platform.state.home);

  test('from a connection to delivered rows: the tables are listed, and what is written for one checks, tests, applies and runs as it is', async () => {
    const { password: _, ...config } = database.config;
    const shop = join(house.scratch, 'shop');
    mkdirSync(shop);
    writeFileSync(join(shop, 'connections.yaml'), `# Of the shop.\nshop_db: ${JSON.stringify({ type: 'postgres', ...config, tls: false, password: { secret: 'E2E_POSTGRES' } })}\n`);
    const ask = ['sources', 'discover', shop, '--connection', 'shop_db'];
    const listed = await command(...ask);
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toMatch(/found\.found_orders +table +6 +region, number +200/);

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
    const expected = await database.pool.query(`select region, number::text, amount::text, (placed_at at time zone 'UTC')::text as placed_at, "Note" as note from found.found_orders order by number`);
    const loaded = await house.platform.warehouse.query(`select region, number::text, amount::text, placed_at::text as placed_at, note from found_orders.found_orders_rows order by number`);
    expect(loaded.rows).toEqual(expected.rows);
  });

  test('what is not there ends with 1 or 2, and names what is', async () => {
    const shop = join(house.scratch, 'shop');
    expect(await command('sources', 'discover', shop, '--connection', 'shop')).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean `shop_db`?') as string });
    const { code, stderr } = await command('sources', 'discover', shop, '--connection', 'shop_db', '--table', 'found.found_order');
    expect({ code, named: stderr.includes('found_orders') }).toEqual({ code: 1, named: true });
  });
});
