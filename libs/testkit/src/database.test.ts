import { Client } from 'pg';
import { testDatabase } from './database';

test('a test database is empty, is its own and is gone after drop even while someone is connected', async () => {
  const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
  expect(one.config.database).not.toBe(two.config.database);
  await one.pool.query('create table only_here (id int)');
  await expect(two.pool.query('select * from only_here')).rejects.toMatchObject({ code: '42P01' });

  const forgotten = new Client(one.config);
  forgotten.on('error', () => undefined);
  await forgotten.connect();
  await one.drop();
  const left = await two.pool.query('select 1 from pg_database where datname = $1', [one.config.database]);
  expect(left.rowCount).toBe(0);
  await two.drop();
});

test('without a server the error says what to set', async () => {
  const address = process.env['WEIR_TEST_POSTGRES'];
  delete process.env['WEIR_TEST_POSTGRES'];
  try {
    await expect(testDatabase()).rejects.toThrow(/WEIR_TEST_POSTGRES=host:port/);
  } finally {
    process.env['WEIR_TEST_POSTGRES'] = address;
  }
});
