import { randomUUID } from 'node:crypto';
import type { ColumnType } from '@weir/core';
import { FaultProxy } from '@weir/testkit';
import type { TableSpec } from './table';
import { deliver, openDestination, ORDERS, planned, rowFiles } from './testing/orders';
import { useShop } from './testing/shop';

const shop = useShop();

/** Orders with a value of a type. */
function valued(type: ColumnType, fields: Partial<TableSpec> = {}): TableSpec {
  return { ...ORDERS, columns: [{ name: 'id', type: 'BIGINT' }, { name: 'value', type }], ...fields };
}

async function columnOf(name = 'value'): Promise<string | undefined> {
  const found = await shop.database.pool.query<{ type: string }>("select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'shop.orders'::regclass and attname = $1", [name]);
  return found.rows[0]?.type;
}

async function values(): Promise<(string | null)[]> {
  return (await shop.database.pool.query<{ value: string | null }>('select value::text from shop.orders o order by o.id')).rows.map(({ value }) => value);
}

/** Every kind of type, with the ends of its range. Decimals say their own. */
const SAMPLES: readonly (readonly [type: ColumnType, stored: string, values: readonly string[]])[] = [
  ['VARCHAR', 'text', ['', 'a', '12.5', '2024-02-29']],
  ['BOOLEAN', 'boolean', ['true', 'false']],
  ['BIGINT', 'bigint', ['-9223372036854775808', '9223372036854775807', '9007199254740993', '0']],
  ['DOUBLE', 'double precision', ['0.1', '5e-324', '1.7976931348623157e+308', 'NaN', '-Infinity']],
  ['DATE', 'date', ['2024-02-29', '0044-03-15 BC', '0001-01-01', '9999-12-31', 'infinity', '-infinity']],
  ['TIMESTAMP', 'timestamp without time zone', ['2024-02-29 12:34:56.000001', '0044-03-15 12:00:00 BC', 'infinity']],
  ...[[9, 2], [12, 2], [12, 3], [14, 3], [18, 0], [19, 0], [20, 2], [21, 2], [38, 0], [38, 19], [38, 38]].map(([precision = 0, scale = 0]) => {
    const digits = '9'.repeat(precision);
    const greatest = `${digits.slice(0, precision - scale) || '0'}${scale > 0 ? `.${digits.slice(precision - scale)}` : ''}`;
    return [`DECIMAL(${precision},${scale})` as ColumnType, `numeric(${precision},${scale})`, [greatest, `-${greatest}`, '0']] as const;
  }),
];

/** Between which kinds of types a column may widen, if Postgres gives every value back. */
const KINDS = new Set(['DECIMAL DECIMAL', 'BIGINT DECIMAL', 'DATE TIMESTAMP']);
const kindOf = (type: ColumnType): string => type.replace(/\(.*/, '');

/** Values cast by Postgres alone; undefined where it cannot. */
async function castByPostgres(texts: readonly string[], ...types: readonly string[]): Promise<string[] | undefined> {
  const casts = types.map((type) => `::${type}`).join('');
  const found = await shop.database.pool.query<{ value: string }>(`select v${casts}::text as value from unnest($1::text[]) with ordinality as t (v, n) order by n`, [texts]).catch(() => undefined);
  return found?.rows.map(({ value }) => value);
}

test.each(SAMPLES)('%s: to every other type it widens as Postgres casts, or is refused with both types named and nothing changed', async (type, stored, texts) => {
  let built = false;
  for (const [other, otherStored] of SAMPLES.filter(([name]) => name !== type)) {
    const [here, there, back] = await Promise.all([castByPostgres(texts, stored), castByPostgres(texts, stored, otherStored), castByPostgres(texts, stored, otherStored, stored)]);
    const exact = back !== undefined && back.join() === here?.join();
    // Avro's promotion of long to double is a widening all the same.
    const wide = (exact && KINDS.has(`${kindOf(type)} ${kindOf(other)}`)) || (type === 'BIGINT' && other === 'DOUBLE');
    if (!built) {
      await shop.database.pool.query('drop schema if exists shop, weir cascade');
      await deliver(shop.destination, shop.folder.path, { spec: valued(type), to: 1, upserts: texts.map((text, id) => `"${id}","${text}"`) });
    }
    const widening = deliver(shop.destination, shop.folder.path, { spec: valued(other), to: 2, upserts: wide ? [`"${texts.length}","${there?.[0]}"`] : [] });
    if (wide) await expect(widening).resolves.toMatchObject({ kind: 'merge', inserted: 1, updated: 0, rowsInTable: texts.length + 1 });
    else await expect(widening).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', place: 'shop.orders', message: expect.stringContaining(`column value is ${stored} in the table and ${otherStored} in the model`), fix: expect.stringContaining('Cast value') });
    const expected = wide ? { type: otherStored, values: [...(there ?? []), there?.[0]] } : { type: stored, values: here };
    expect({ other, type: await columnOf(), values: await values() }).toEqual({ other, ...expected });
    built = !wide;
  }
});

test('rows that did not change keep their commit; the type, the rows and the ledger are one commit, whose answer may be lost', async () => {
  const first = await deliver(shop.destination, shop.folder.path, { spec: valued('BIGINT'), to: 1, upserts: ['"1",10', '"2",20', '"3",30'] });
  const proxy = await FaultProxy.start(shop.database.config);
  const far = openDestination(shop.database.config, proxy.port);
  proxy.loseCommitReply({ times: 1 });
  const second = await deliver(far, shop.folder.path, { spec: valued('DECIMAL(21,2)'), to: 2, upserts: ['"2",20.50'], deletes: ['"3"'] });
  expect(proxy.lostReplies).toBe(1);
  expect(second).toMatchObject({ inserted: 0, updated: 1, deleted: 1, rowsInTable: 2 });
  expect(await values()).toEqual(['10.00', '20.50']);
  expect((await shop.database.pool.query('select _weir_commit as commit from shop.orders o order by o.id')).rows).toEqual([{ commit: first?.commitId }, { commit: second?.commitId }]);
  await far.close();
  await proxy.close();
});

test('a table that is told apart by content is built anew with its wider column', async () => {
  const spec = (type: ColumnType): TableSpec => valued(type, { identity: { by: 'row', id: 'content' } });
  const row = (value: string, id: number): string => `"1",${value},"all",${id.toString(16).padStart(32, '0')}`;
  await deliver(shop.destination, shop.folder.path, { spec: spec('DATE'), to: 1, upserts: [row('2024-02-29', 1)] });
  expect(await deliver(shop.destination, shop.folder.path, { spec: spec('TIMESTAMP'), to: 2, upserts: [row('2024-02-29 00:00:00', 2), row('2024-03-01 01:02:03', 3)] })).toMatchObject({ kind: 'rebuild', inserted: 2 });
  expect(new Set(await values())).toEqual(new Set(['2024-02-29 00:00:00', '2024-03-01 01:02:03']));
});

test('keys, sequences and versions that floating numbers do not tell apart: the table is built anew', async () => {
  const spec = (type: ColumnType): TableSpec => ({ ...ORDERS, columns: [{ name: 'id', type }, { name: 'note', type: 'VARCHAR' }] });
  await deliver(shop.destination, shop.folder.path, { spec: spec('BIGINT'), to: 1, upserts: ['"9007199254740992",a', '"9007199254740993",b'] });
  expect(await deliver(shop.destination, shop.folder.path, { spec: spec('DOUBLE'), to: 2, upserts: ['"9007199254740992.0",b'] })).toMatchObject({ kind: 'rebuild', rowsInTable: 1 });
  expect((await shop.database.pool.query('select id, note from shop.orders')).rows).toEqual([{ id: 9_007_199_254_740_992, note: 'b' }]);
  expect((await deliver(shop.destination, shop.folder.path, { spec: { ...valued('BIGINT', { sequence: 'value' }), name: 'others' }, to: 1 }))?.kind).toBe('create');
  expect((await deliver(shop.destination, shop.folder.path, { spec: { ...valued('DOUBLE', { sequence: 'value' }), name: 'others' }, to: 2 }))?.kind).toBe('rebuild');
  const versions = (type: ColumnType): TableSpec => ({ ...ORDERS, name: 'versions', columns: [{ name: 'id', type: 'BIGINT' }, { name: 'value', type }, { name: 'at', type: 'DATE' }], identity: { by: 'version', columns: ['id'] }, sequence: 'at' });
  for (const [at, [type, kind]] of ([['BIGINT', 'create'], ['DOUBLE', 'rebuild']] as const).entries()) expect((await deliver(shop.destination, shop.folder.path, { spec: versions(type), to: at + 1 }))?.kind).toBe(kind);
});

/** What depends on a column so that Postgres does not alter it: in words, SQL, what it is called in the error, and how it goes. */
test.each([
  ['views', 'create view shop.dear as select id from shop.orders where value > 5; create materialized view shop.sums as select sum(value) as total from shop.orders', /the view shop\.dear reads it/, 'drop view shop.dear; drop materialized view shop.sums', 'Drop shop.dear, shop.sums'],
  ['a generated column', 'alter table shop.orders add column twice numeric generated always as (value * 2) stored', /"twice"/, 'alter table shop.orders drop column twice', 'Drop what depends on the column'],
  ['a policy', 'create policy few on shop.orders using (value < 100)', /policy few/, 'drop policy few on shop.orders', 'Drop what depends on the column'],
])('DESTINATION_INCOMPATIBLE: %s; table, column and what depends on it are named, nothing is half-done, and it goes through once that is gone', async (_, sql, named, remedy, fix) => {
  await deliver(shop.destination, shop.folder.path, { spec: valued('BIGINT'), to: 1, upserts: ['"1",10', '"2",20'] });
  await shop.database.pool.query(sql);
  const widening = (): Promise<unknown> => deliver(shop.destination, shop.folder.path, { spec: valued('DECIMAL(21,2)'), to: 2, upserts: ['"2",20.50'] });
  await expect(widening()).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', place: 'shop.orders', message: expect.stringMatching(named), fix: expect.stringContaining(fix) });
  await expect(widening()).rejects.toThrow(/column value is bigint in the table and numeric\(21,2\) in the model/);
  expect([await columnOf(), ...(await values())]).toEqual(['bigint', '10', '20']);
  expect((await shop.database.pool.query('select snapshot::int from weir.head')).rows).toEqual([{ snapshot: 1 }]);
  await shop.database.pool.query(remedy);
  await expect(widening()).resolves.toMatchObject({ kind: 'merge', updated: 1 });
  expect(await values()).toEqual(['10.00', '20.50']);
});

test('a view that reads other columns is in nobody’s way, and shows the wider table', async () => {
  await deliver(shop.destination, shop.folder.path, { spec: valued('BIGINT'), to: 1, upserts: ['"1",10'] });
  await shop.database.pool.query('create view shop.ids as select id from shop.orders');
  await deliver(shop.destination, shop.folder.path, { spec: valued('DOUBLE'), to: 2, upserts: ['"2",0.5'] });
  expect((await shop.database.pool.query('select id::int from shop.ids order by 1')).rows).toEqual([{ id: 1 }, { id: 2 }]);
});

test('a definition that is older than the table leaves it alone', async () => {
  await deliver(shop.destination, shop.folder.path, { spec: valued('BIGINT'), to: 1, upserts: ['"1",10'] });
  await deliver(shop.destination, shop.folder.path, { spec: valued('DECIMAL(21,2)'), to: 3, upserts: ['"1",10.50'] });
  expect(await shop.destination.plan(valued('BIGINT'), 'shop', 2, new AbortController().signal)).toMatchObject({ kind: 'keep', head: { snapshot: 3 } });
});

const ROWS = 20_000;
/** Each load widens the value and writes the round into every tenth row. */
const ROUNDS: readonly (readonly [type: ColumnType, scale: number])[] = [['BIGINT', 0], ['DECIMAL(20,1)', 1], ['DECIMAL(23,3)', 3], ['DECIMAL(30,6)', 6], ['DECIMAL(38,9)', 9]];

test('readers see the old rows with the old type or the new ones with the new type, whole, and no error', async () => {
  const lines = (round: number): string[] => Array.from({ length: ROWS }, (_, id) => `"${id}",${round}`).filter((__, id) => round === 0 || id % 10 === 0);
  await deliver(shop.destination, shop.folder.path, { spec: valued('BIGINT'), to: 1, upserts: lines(0) });
  const seen: string[] = [];
  const done = new AbortController();
  const read = async (): Promise<void> => {
    while (!done.signal.aborted) {
      const { rows } = await shop.database.pool.query<{ seen: string }>('select concat_ws(\' \', count(*), count(distinct scale(value::numeric)), max(scale(value::numeric)), sum(value)::bigint) as seen from shop.orders');
      seen.push(rows[0]?.seen ?? '');
    }
  };
  const readers = [read(), read()];
  for (const [round, [type]] of ROUNDS.entries()) if (round > 0) await deliver(shop.destination, shop.folder.path, { spec: valued(type), to: round + 1, upserts: lines(round) });
  done.abort();
  await Promise.all(readers);
  const states = ROUNDS.map(([, scale], round) => `${ROWS} 1 ${scale} ${round * (ROWS / 10)}`);
  expect(new Set(seen)).toEqual(new Set(states.filter((state) => seen.includes(state))));
  expect(new Set(seen).size).toBeGreaterThan(2);
});

test('a plan whose table was widened by another load in the meantime changes nothing', async () => {
  await deliver(shop.destination, shop.folder.path, { spec: valued('BIGINT'), to: 1, upserts: ['"1",10'] });
  const { signal } = new AbortController();
  const stale = await planned(shop.destination, valued('DOUBLE'), 2, signal);
  await deliver(shop.destination, shop.folder.path, { spec: valued('DECIMAL(21,2)'), to: 2, upserts: ['"1",10.50'] });
  const late = { plan: stale, commitId: randomUUID(), toSnapshot: 2, runId: 'late', traceId: '', upserts: await rowFiles(shop.folder.path, ['"1",7.5']), deletes: await rowFiles(shop.folder.path, []) };
  expect(await shop.destination.deliver([Promise.resolve(late)], { signal, onBytes: () => undefined, mostRefused: () => 0 })).toBeUndefined();
  expect([await columnOf(), ...(await values())]).toEqual(['numeric(21,2)', '10.50']);
});
