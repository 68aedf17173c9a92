import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { testDatabase, type TestDatabase } from '@weir/testkit';
import { weir } from './command-line';
import { useHouse } from './house';

describe('a table whose rows each interval takes by their ids', () => {
  const house = useHouse();
  let shop: TestDatabase;
  beforeAll(async () => {
    shop = await testDatabase();
    await shop.pool.query('create table public.orders (id bigint generated always as identity primary key, amount int not null)');
  });
  afterAll(() => shop?.drop());
  afterEach(() => house.platform.healthy());

  async function apply(name: string): Promise<void> {
    const folder = join(house.scratch, name);
    mkdirSync(join(folder, 'models/silver'), { recursive: true });
    const { host, port, database, user } = shop.config;
    writeFileSync(join(folder, 'connections.yaml'), `shop_db: ${JSON.stringify({ type: 'postgres', host, port, database, user, tls: false, password: { secret: 'E2E_POSTGRES' } })}\n`);
    const yaml = [`name: ${name}`, 'grain: 1d', 'source: { dataset: orders, type: postgres, connection: shop_db, table: orders, cursor: id, track: new }', 'destinations:', `  - { connection: warehouse, schema: ${name} }`];
    writeFileSync(join(folder, 'pipeline.yaml'), `${yaml.join('\n')}\n`);
    writeFileSync(join(folder, 'models/silver/order_row.sql'), 'select id, amount from bronze.orders\n');
    const contract = ['apiVersion: v3.1.0', 'kind: DataContract', `id: ${name}`, 'version: 1.0.0', 'status: active', 'schema:', '  - name: orders', '    properties:'];
    writeFileSync(join(folder, 'contract.odcs.yaml'), `${[...contract, ...['id', 'amount'].map((column) => `      - { name: ${column}, logicalType: integer, required: true }`)].join('\n')}\n`);
    const end = await weir(['apply', folder, '--json'], house.platform.state.home);
    if (end.code !== 0) throw new Error(`weir apply ended with ${end.code}:\n${end.stdout}${end.stderr}`);
  }

  test('has each of them once, whoever writes while runs read and a service is killed', async () => {
    await apply('new_ids');
    const state = { writing: true };
    const write = async (): Promise<void> => {
      const client = await shop.pool.connect();
      try {
        for (let n = 0; state.writing; n += 1) {
          await client.query('begin');
          for (let statement = 0; statement <= n % 4; statement += 1) {
            await client.query('insert into public.orders (amount) select generate_series(1, 5)');
            // The pace of a shop, not of a bulk load: transactions overlap, and the test stays small.
            await pause(10);
          }
          await client.query(n % 5 === 4 ? 'rollback' : 'commit');
        }
      } finally {
        client.release();
      }
    };
    const writers = Promise.all([write(), write(), write()]);
    for (let day = 1; day <= 4; day += 1) {
      const run = await house.platform.start('new_ids', { start: `2026-02-0${day}`, end: `2026-02-0${day + 1}` });
      if (day === 2) house.platform.kill('ingest');
      await run.result();
    }
    state.writing = false;
    await writers;
    await house.platform.run('new_ids', { start: '2026-02-05', end: '2026-02-06' });
    const rows = async (from: { query<R extends object>(text: string): Promise<{ rows: R[] }> }, table: string): Promise<string[]> => (await from.query<{ id: string; amount: string }>(`select id::text, amount::text from ${table} order by id::bigint`)).rows.map(({ id, amount }) => `${id} ${amount}`);
    const expected = await rows(shop.pool, 'public.orders');
    expect(expected.length).toBeGreaterThan(100);
    expect(await rows(house.platform.warehouse, '"new_ids".order_row')).toEqual(expected);
    const listed = JSON.parse((await weir(['datasets', 'list', 'new_ids', '--json'], house.platform.state.home)).stdout) as unknown;
    expect(listed).toMatchObject({ position: { source: 'public.orders.id', to: expected.at(-1)?.split(' ')[0], words: `id ${expected.at(-1)?.split(' ')[0]}` } });
  });
});
