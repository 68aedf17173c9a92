import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testDatabase, type TestDatabase } from '@weir/testkit';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';

const day = (n: number) => ({ start: `2026-01-0${n}`, end: `2026-01-0${n + 1}` });

describe('a source that is read in sequence and begins anew', () => {
  const house = useHouse();
  let shop: TestDatabase | undefined;
  afterAll(() => shop?.drop());
  const command = (...args: string[]): Promise<CommandEnd> => weir(args, house.platform.state.home);

  /** A pipeline whose rows `id n` go into a table with a key and into one without. */
  async function apply(name: string, source: string, connections = ''): Promise<void> {
    const folder = join(house.scratch, name);
    mkdirSync(join(folder, 'models/silver'), { recursive: true });
    writeFileSync(join(folder, 'connections.yaml'), connections || '{}\n');
    const yaml = [`name: ${name}`, 'grain: 1d', `source: { dataset: items, ${source}, track: new }`, 'models:', '  keyed: { key: [id] }', 'destinations:', `  - { connection: warehouse, schema: ${name} }`];
    writeFileSync(join(folder, 'pipeline.yaml'), `${yaml.join('\n')}\n`);
    for (const model of ['keyed', 'appended']) writeFileSync(join(folder, `models/silver/${model}.sql`), 'select id, n from bronze.items\n');
    const contract = ['apiVersion: v3.1.0', 'kind: DataContract', `id: ${name}`, 'version: 1.0.0', 'status: active', 'schema:', '  - name: items', '    properties:', ...['id', 'n'].map((column) => `      - { name: ${column}, logicalType: integer, required: true }`)];
    writeFileSync(join(folder, 'contract.odcs.yaml'), `${contract.join('\n')}\n`);
    const end = await command('apply', folder, '--json');
    if (end.code !== 0) throw new Error(`weir apply ended with ${end.code}:\n${end.stdout}${end.stderr}`);
  }

  async function rows(name: string, table: string): Promise<string[]> {
    const { rows: found } = await house.platform.warehouse.query<{ row: string }>(`select id || ' ' || n as row from "${name}"."${table}" order by id, n`);
    return found.map(({ row }) => row);
  }

  test('takes the same files once more: a table with a key has each row once, one without has it for both intervals, as the command says before', async () => {
    const input = join(house.scratch, 'reset-in');
    mkdirSync(input);
    await apply('reset_files', `type: file, path: "${input}/*.csv"`);
    const write = (name: string, ...lines: string[]): void => {
      writeFileSync(join(input, name), `id,n\n${lines.map((line) => `${line}\n`).join('')}`);
      utimesSync(join(input, name), Date.now() / 1_000 - 3_600, Date.now() / 1_000 - 3_600);
    };
    write('a.csv', '1,10', '2,20');
    await house.platform.run('reset_files', day(1));
    expect((await command('status')).stdout).toMatch(/reset_files, items +1 file, the newest a\.csv/);

    expect(await command('sources', 'reset', 'reset_files', 'items')).toMatchObject({ code: 2, stderr: expect.stringContaining('Add --yes'), stdout: expect.stringMatching(/1 file, the newest a\.csv[^]*tables with a key have it once; silver\.appended \(append\) would have them twice\./) });
    const done = await command('sources', 'reset', 'reset_files', 'items', '--yes', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({ reset: true, position: { to: '1' }, appends: ['silver.appended'], overHistory: [] });
    expect((await command('status')).stdout).toMatch(/reset_files, items +at its beginning/);
    expect([await rows('reset_files', 'keyed'), await rows('reset_files', 'appended')]).toEqual([['1 10', '2 20'], ['1 10', '2 20']]);

    write('b.csv', '3,30');
    await house.platform.run('reset_files', day(2));
    expect(await rows('reset_files', 'keyed')).toEqual(['1 10', '2 20', '3 30']);
    expect(await rows('reset_files', 'appended')).toEqual(['1 10', '1 10', '2 20', '2 20', '3 30']);
    // The first interval again is what it was.
    await house.platform.run('reset_files', day(1));
    expect(await rows('reset_files', 'appended')).toEqual(['1 10', '1 10', '2 20', '2 20', '3 30']);
    expect(JSON.parse((await command('status', '--json')).stdout)).toMatchObject({ sources: expect.arrayContaining([expect.objectContaining({ pipeline: 'reset_files', dataset: 'items', position: expect.objectContaining({ from: '', to: '2' }) })]) });
  });

  test('is the way out where a table was emptied and counts from 1 again', async () => {
    shop = await testDatabase();
    await shop.pool.query('create table public.items (id bigint generated always as identity primary key, n int not null); insert into public.items (n) values (10), (20), (30)');
    const { host, port, database, user } = shop.config;
    await apply('reset_ids', 'type: postgres, connection: shop_db, table: items, cursor: id', `shop_db: ${JSON.stringify({ type: 'postgres', host, port, database, user, tls: false, password: { secret: 'E2E_POSTGRES' } })}\n`);
    await house.platform.run('reset_ids', day(1));
    await shop.pool.query('truncate public.items restart identity; insert into public.items (n) values (11), (21)');
    const failed = await command('run', 'reset_ids', '--interval', '2026-01-02/2026-01-03', '--watch');
    expect([failed.code, `${failed.stdout}${failed.stderr}`]).toEqual([1, expect.stringMatching(/POSITION_LOST[^]*weir sources reset/)]);
    expect(await command('sources', 'reset', 'reset_ids', 'items', '--yes')).toMatchObject({ code: 0, stdout: expect.stringContaining('id 3') });
    await house.platform.run('reset_ids', day(2));
    // By the key the newer rows are there, and the one whose id did not come again.
    expect(await rows('reset_ids', 'keyed')).toEqual(['1 11', '2 21', '3 30']);
    expect(await rows('reset_ids', 'appended')).toEqual(['1 10', '1 11', '2 20', '2 21', '3 30']);
  });
});
