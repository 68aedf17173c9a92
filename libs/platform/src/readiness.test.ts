import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultProxy, tempDir, testDatabase, until, type TempDir, type TestDatabase } from '@weir/testkit';
import type pg from 'pg';
import { OwnSchema } from './own-schema';
import { openPool } from './postgres';
import { Readiness } from './readiness';
import { Secret } from './secret';

const WAIT = { timeoutMs: 30_000 };
const log = { info: () => undefined, warn: () => undefined };

describe('Readiness of a service with a schema of its own', () => {
  let database: TestDatabase;
  let migrations: TempDir;
  let proxy: FaultProxy;
  let pool: pg.Pool;
  const reports: boolean[] = [];
  let schema: OwnSchema;
  let readiness: Readiness;

  beforeEach(async () => {
    [database, migrations] = await Promise.all([testDatabase(), tempDir()]);
    await writeFile(join(migrations.path, '001-lease.sql'), 'create table lease (partition text primary key);');
    proxy = await FaultProxy.start(database.config);
    pool = openPool({ ...database.config, host: proxy.host, port: proxy.port, password: new Secret(database.config.password), max: 1 });
    reports.length = 0;
    schema = new OwnSchema({ pool, schema: 'house', migrations: migrations.path });
    readiness = new Readiness({ probe: () => schema.probe(), report: (ready) => reports.push(ready), log });
  });

  afterEach(async () => {
    proxy.pass();
    await readiness.stop();
    await pool.end();
    await proxy.close();
    await Promise.all([database.drop(), migrations.dispose()]);
  });

  const tables = async () => (await database.pool.query(`select 1 from pg_tables where schemaname = 'house' and tablename = 'lease'`)).rowCount;

  test('is not ready while Postgres is away, and migrates as soon as it answers', async () => {
    proxy.reset();
    readiness.start();
    expect(() => schema.assertMigrated()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }) as Error);
    expect(reports).toEqual([]);
    proxy.pass();
    await until(() => reports.length > 0, WAIT);
    expect(reports).toEqual([true]);
    expect(await tables()).toBe(1);
    schema.assertMigrated();
  });

  test('reports a Postgres that goes away and comes back', async () => {
    readiness.start();
    await until(() => reports.at(-1) === true, WAIT);
    proxy.reset();
    await until(() => reports.at(-1) === false, WAIT);
    proxy.pass();
    await until(() => reports.at(-1) === true, WAIT);
    expect(reports).toEqual([true, false, true]);
  });

  test('reports a Postgres that stays connected and does not answer', async () => {
    readiness.start();
    await until(() => reports.at(-1) === true, WAIT);
    proxy.blackhole();
    await until(() => reports.at(-1) === false, WAIT);
    proxy.pass();
    await until(() => reports.at(-1) === true, WAIT);
    expect(reports).toEqual([true, false, true]);
  });
});
