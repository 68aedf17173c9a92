import { join } from 'node:path';
import type { ContractColumn, ContractDataset } from '@weir/core';
import { tempDir, type TempDir } from '@weir/testkit';
import { bronzeRelation } from './bronze-relation';
import { withEngine } from './engine';
import { writeParquet } from './parquet';
import { PARTITION_COLUMN } from './relation';

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
});
afterAll(() => dir.dispose());

const column = (name: string, type: ContractColumn['type'], more: Partial<ContractColumn> = {}): ContractColumn => ({ name, physicalName: name, type, required: false, ...more });

/** What models see of files, each given by the SELECT that an older contract stored, under the contract of today. */
function seen(columns: readonly ContractColumn[], ...selects: readonly string[]): Promise<unknown[]> {
  return seenBy({ name: 'd', columns, rules: [], checks: [], order: { by: 'arrival' } }, selects);
}

async function seenBy(dataset: ContractDataset, selects: readonly string[]): Promise<unknown[]> {
  const { columns } = dataset;
  const files: string[] = [];
  for (const [n, select] of selects.entries()) {
    const written = await withEngine({ inputs: [], staging: dir.path, memoryLimit: '128MB', threads: 1 }, (engine) => writeParquet(engine, { select: `select 'all' as _weir_partition, * from (${select})`, dir: join(dir.path, `${process.hrtime.bigint()}`), name: `file-${n}` }));
    files.push(...written.map(({ path }) => path));
  }
  const segments = files.map((absolutePath) => ({ absolutePath, partitions: ['all'], whole: true }));
  return withEngine({ inputs: files, staging: dir.path, memoryLimit: '128MB', threads: 1 }, async (engine) => {
    const relation = await bronzeRelation(engine, dataset, segments, [...columns.map(({ name, type }) => ({ name, type })), PARTITION_COLUMN]);
    const rows = await engine.rows<Record<string, unknown>>(`select * from ${relation} order by id`);
    return rows.map(({ _weir_partition: _all, ...row }) => row);
  });
}

const ID = column('id', 'BIGINT');
const EXTRA = '_weir_extra';

test('a column that the contract has taken has what was kept aside under its name, as far as it is of its type', async () => {
  const kept = `select * from (values (1, '{"Channel":"web"}'), (2, null), (3, '{"Channel":null,"other":1}'), (4, '{"Channel":""}')) v(id, ${EXTRA})`;
  expect(await seen([ID, column('channel', 'VARCHAR', { physicalName: 'Channel' })], kept)).toEqual([{ id: 1, channel: 'web' }, { id: 2, channel: null }, { id: 3, channel: null }, { id: 4, channel: null }]);
  const texts = `select * from (values (1, '{"a/b~":"2.50"}'), (2, '{"a/b~":2.5}'), (3, '{"a/b~":"much"}')) v(id, ${EXTRA})`;
  expect(await seen([ID, column('price', 'DECIMAL(8,2)', { physicalName: 'a/b~' })], texts)).toEqual([{ id: 1, price: '2.50' }, { id: 2, price: '2.50' }, { id: 3, price: null }]);
});

test('empty text that was kept aside is null, or itself where the source keeps it', async () => {
  const kept = [`select * from (values (1, '{"note":"","n":""}'), (2, '{"note":null}')) v(id, ${EXTRA})`];
  const dataset: ContractDataset = { name: 'd', columns: [ID, column('note', 'VARCHAR'), column('n', 'BIGINT')], rules: [], checks: [], order: { by: 'arrival' } };
  expect(await seenBy(dataset, kept)).toEqual([{ id: 1, note: null, n: null }, { id: 2, note: null, n: null }]);
  expect(await seenBy({ ...dataset, emptyText: 'keep' }, kept)).toEqual([{ id: 1, note: '', n: null }, { id: 2, note: null, n: null }]);
});

test('a field of an object that was kept aside is found by its path', async () => {
  const kept = `select 1 as id, '{"device":{"os":"a","n":7}}' as ${EXTRA}`;
  expect(await seen([ID, column('os', 'VARCHAR', { physicalName: '$.device.os' }), column('n', 'BIGINT', { physicalName: '$.device.n' })], kept)).toEqual([{ id: 1, os: 'a', n: 7 }]);
});

test('a text that a column could not hold is its value once the column can', async () => {
  const kept = `select * from (values (1, 5::BIGINT, null), (2, null, '{"n":"1.5"}')) v(id, n, ${EXTRA})`;
  expect(await seen([ID, column('n', 'DECIMAL(8,2)')], kept)).toEqual([{ id: 1, n: '5.00' }, { id: 2, n: '1.50' }]);
});

test('what was kept aside under the name that a column has now comes before what stood in for it, or was read from its former name', async () => {
  // The header was `channel`, with a default, and became `Kanal`: until the contract followed, rows had the default, and the value aside.
  const renamed = `select * from (values (1, 'shop', '{"Kanal":"web"}'), (2, 'phone', null), (3, 'shop', '{"other":1}'), (4, 'phone', '{"Kanal":""}')) v(id, channel, ${EXTRA})`;
  expect(await seen([ID, column('channel', 'VARCHAR', { physicalName: 'Kanal', default: 'shop' })], renamed)).toEqual([[1, 'web'], [2, 'phone'], [3, 'shop'], [4, 'phone']].map(([id, channel]) => ({ id, channel })));
  // A text that the column could not hold, for which its default stood there.
  const mistyped = `select * from (values (1, 0::BIGINT, '{"n":"1.5"}'), (2, 0, '{"n":"much"}'), (3, 7, null)) v(id, n, ${EXTRA})`;
  expect(await seen([ID, column('n', 'DECIMAL(8,2)', { default: 0 })], mistyped)).toEqual([{ id: 1, n: '1.50' }, { id: 2, n: '0.00' }, { id: 3, n: '7.00' }]);
});

test('rows that were stored without a column have its default, others keep their nulls', async () => {
  const channel = column('channel', 'VARCHAR', { default: 'shop' });
  const old = `select * from (values (1, null), (2, '{"channel":"web"}'), (3, '{"channel":null}')) v(id, ${EXTRA})`;
  const older = 'select 4 as id';
  const current = `select * from (values (5, null::VARCHAR), (6, 'web')) v(id, channel)`;
  const dated = column('since', 'DATE', { default: '2020-02-29' });
  expect(await seen([ID, channel, dated], old, older, current)).toEqual(
    [[1, 'shop'], [2, 'web'], [3, null], [4, 'shop'], [5, null], [6, 'web']].map(([id, value]) => ({ id, channel: value, since: '2020-02-29' })),
  );
});

test('without segments there are no rows', async () => {
  expect(await seen([ID, column('channel', 'VARCHAR', { default: 'shop' })])).toEqual([]);
});
