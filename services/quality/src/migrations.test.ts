import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '@weir/platform';
import { tempDir, testDatabase } from '@weir/testkit';

const MIGRATIONS = join(__dirname, '..', 'migrations');

const ROW = `insert into quality.quarantined_row (pipeline, run_id, dataset, stage, rules, reason, partition, original, file, sha256, byte_offset, byte_length, line, record_timestamp, contract_version, status)
values ('old', 'run', 'orders', 'validate', '{r}', 'why', 'all', 'x', $1, $2, $3, $4, $5, $6, $7, $8)`;

test('of rows that several contracts had refused the newest stays, with its state', async () => {
  const [database, folder] = await Promise.all([testDatabase(), tempDir()]);
  try {
    const first = (await readdir(MIGRATIONS)).filter((name) => name < '003');
    await Promise.all(first.map((name) => copyFile(join(MIGRATIONS, name), join(folder.path, name))));
    await migrate(database.pool, 'quality', folder.path);
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
    const file = (sha256: string, offset: number, version: string, status: string) => database.pool.query(ROW, ['a.csv', sha256, offset, 1, 2, null, version, status]);
    const record = (offset: number, timestamp: number, version: string, status: string) => database.pool.query(ROW, ['clicks:0', null, null, null, offset, timestamp, version, status]);
    await file(a, 10, '1', 'dropped');
    await file(a, 10, '2', 'open');
    await file(a, 20, '1', 'open');
    await file(b, 10, '1', 'open');
    await record(7, 1, '1', 'open');
    await record(7, 1, '2', 'dropped');
    // The topic was made anew.
    await record(7, 2, '1', 'open');
    await migrate(database.pool, 'quality', MIGRATIONS);
    const { rows } = await database.pool.query<{ place: string }>(`select concat_ws(' ', file, left(sha256, 1), byte_offset, line, record_timestamp, contract_version, status, judgement) as place from quality.quarantined_row order by id`);
    expect(rows.map(({ place }) => place)).toEqual(['a.csv a 10 2 2 open 0', 'a.csv a 20 2 1 open 0', 'a.csv b 10 2 1 open 0', 'clicks:0 7 1 2 dropped 0', 'clicks:0 7 2 1 open 0']);
    await expect(record(7, 2, '3', 'open')).rejects.toMatchObject({ code: '23505' });
    await expect(file(a, 20, '3', 'open')).rejects.toMatchObject({ code: '23505' });
  } finally {
    await Promise.all([database.drop(), folder.dispose()]);
  }
});
