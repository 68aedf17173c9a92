import { readPostgres, testPostgres, type PostgresSourceConnection } from '@weir/connectors';
import { partitionsOf, WHOLE, type ColumnType } from '@weir/core';
import { retail, type SourceFile, Workbench } from './testing/workbench';

let bench: Workbench;
let connection: PostgresSourceConnection;
const options = { signal: new AbortController().signal, timeoutMs: 60_000, address: (host: string) => Promise.resolve(host) };
beforeAll(async () => {
  bench = await Workbench.open();
  const { password, database, ...server } = bench.database.config;
  connection = { ...server, database, password: { reveal: () => password }, tls: false };
  await bench.database.pool.query(`create schema shop; create type shop.mood as enum ('so so', 'Ärger'); alter database ${database} set timezone = 'Asia/Kolkata'; alter database ${database} set datestyle = 'German'; alter database ${database} set extra_float_digits = -10`);
});
afterAll(() => bench.close());

/** What a source gives of shop.orders, as files of the raw zone. */
async function filesOf(cursor?: string, partitions: readonly string[] = [WHOLE], arrays: ReadonlySet<string> = new Set()): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const { name, partition, bytes } of readPostgres({ table: 'shop.orders', cursor }, connection, { partitions, grain: cursor === undefined ? undefined : '1d' }, { ...options, arrays })) {
    const pieces: Buffer[] = [];
    for await (const piece of bytes) pieces.push(piece);
    files.push({ name, partition, content: Buffer.concat(pieces) });
  }
  return files;
}

/** A table of `values` under ids from 0, null first, and what bronze has of it: the type that the contract was given, texts by id, and the ids in quarantine. */
async function decoded(type: string, values: readonly string[], show: string, { emptyText, arrays }: { readonly emptyText?: 'keep'; readonly arrays?: ReadonlySet<string> } = {}): Promise<{ readonly holds: ColumnType | undefined; readonly texts: Record<string, unknown>; readonly refused: number[] }> {
  await bench.database.pool.query(`drop table if exists shop.orders; create table shop.orders (id int primary key, v ${type})`);
  await bench.database.pool.query(`insert into shop.orders select place - 1, v::${type} from unnest($1::text[]) with ordinality given(v, place)`, [[null, ...values]]);
  const { columns } = await testPostgres({ table: 'shop.orders' }, connection, options);
  const definition = retail({ dataset: { columns: columns.map(({ name, holds }) => ({ name, physicalName: name, type: holds, required: false })), rules: [], checks: [] }, failAbove: { share: 1, minRows: 1_000 } });
  bench.definition = { ...definition, source: { ...definition.source, emptyText } };
  await bench.database.pool.query('delete from quality.quarantined_row');
  const { result, error } = await bench.validate(await filesOf(undefined, undefined, arrays));
  expect(error).toBeUndefined();
  const rows = await bench.rowsOf(result?.bronze, `id::INTEGER as id, ${show} as v`);
  const refused = (await bench.quarantined()).map(({ original, rules }) => {
    expect(rules).toEqual(['type:v']);
    return Number(original?.toString().split(',')[0]);
  });
  expect(result?.accounts).toMatchObject({ read: values.length + 1, admitted: rows.length, quarantined: refused.length });
  return { holds: columns[1]?.holds, texts: Object.fromEntries(rows.map(({ id, v }) => [String(id), v])), refused: refused.sort((a, b) => a - b) };
}

/** The same by Postgres, asked with settings that say all of a value: of each id that is representable, what `sql` says. */
async function stored(sql: string, fits = 'true'): Promise<{ readonly texts: Record<string, unknown>; readonly refused: number[] }> {
  const client = await bench.database.pool.connect();
  try {
    await client.query("set timezone = 'UTC'; set datestyle = 'ISO'; set bytea_output = 'hex'; set extra_float_digits = 1");
    const { rows } = await client.query<{ id: number; v: string | null; fits: boolean }>(`select id, case when ${fits} then ${sql} end as v, coalesce(${fits}, true) as fits from shop.orders order by id`);
    return { texts: Object.fromEntries(rows.filter((row) => row.fits).map(({ id, v }) => [String(id), v])), refused: rows.filter((row) => !row.fits).map(({ id }) => id) };
  } finally {
    client.release(true);
  }
}

const TEXT = 'v::VARCHAR';
const TIMES = ['infinity', '-infinity', '0044-03-15 12:00:00 BC', '0001-01-01 00:00:00', '9999-12-31 23:59:59.999999', '10000-01-01 00:00:00', '1969-12-31 23:59:59.999999', '2024-02-29 12:30:00.5'];
const FINITE = "isfinite(v) and v >= '0001-01-01' and v < '10000-01-01'";

test.each([
  ['smallint', 'BIGINT', ['-32768', '32767'], TEXT, 'v::text'],
  ['bigint', 'BIGINT', ['-9223372036854775808', '9223372036854775807', '9007199254740993'], TEXT, 'v::text'],
  ['numeric(12,2)', 'DECIMAL(12,2)', ['-9999999999.99', '0.1', '0', 'NaN'], TEXT, 'v::text', "v <> 'NaN'"],
  ['numeric(38,10)', 'DECIMAL(38,10)', ['9999999999999999999999999999.9999999999', '-0.0000000001'], TEXT, 'v::text'],
  ['numeric', 'VARCHAR', ['1.10', `${'9'.repeat(60)}.${'1'.repeat(40)}`, 'NaN'], TEXT, 'v::text'],
  ['boolean', 'BOOLEAN', ['true', 'false'], TEXT, 'v::text'],
  ['date', 'DATE', TIMES, "(v - date '1970-01-01')::VARCHAR", "(v - date '1970-01-01')::text", FINITE],
  ['timestamp', 'TIMESTAMP', TIMES, 'epoch_us(v)::VARCHAR', "(extract(epoch from v) * 1000000)::bigint::text", FINITE],
  ['timestamp(3)', 'TIMESTAMP', ['2024-02-29 12:30:00.5'], 'epoch_us(v)::VARCHAR', "(extract(epoch from v) * 1000000)::bigint::text"],
  ['timestamptz', 'TIMESTAMP', [...TIMES.map((text) => text.replace(/( BC)?$/, '+00$1').replace(/(infinity)\+00/, '$1')), '2024-03-31 03:30:00 Europe/Berlin', '1890-01-01 00:00:00 America/New_York'], 'epoch_us(v)::VARCHAR', "(extract(epoch from v) * 1000000)::bigint::text", "isfinite(v) and v >= '0001-01-01+00' and v < '10000-01-01+00'"],
] as const)('%s decodes to %s and to the same value; what that cannot say is in quarantine', async (type, holds, values, show, sql, fits: string = 'true') => {
  const { texts, refused, ...rest } = await decoded(type, values, show);
  expect(rest.holds).toBe(holds);
  expect({ texts, refused }).toEqual(await stored(sql, fits));
  expect(Object.keys(texts).length + refused.length).toBe(values.length + 1);
});

test.each(['real', 'double precision'])('%s decodes to the same floating number', async (type) => {
  const { holds, texts, refused } = await decoded(type, ['3.4028235e38', '1e-37', '-0.1', '16777217', '0.30000000000000004', 'NaN', 'Infinity', '-Infinity'], 'v');
  expect([holds, refused]).toEqual(['DOUBLE', [6, 7, 8]]);
  // The shortest text that is the number: what a float4 prints as is the double that it decodes to.
  const { texts: expected } = await stored('v::text', "v::text not in ('NaN', 'Infinity', '-Infinity')");
  expect(texts).toEqual(Object.fromEntries(Object.entries(expected).map(([id, text]) => [id, text === null ? null : Number(text)])));
});

test.each([
  ['text', ['a "b", c', 'two\nlines\r\n', ' x ', '\\.', '\\N', 'NULL', '漢😀']],
  ['char(3)', ['a']],
  ['uuid', ['00000000-0000-4000-8000-00000000000A']],
  ['bytea', ['\\x00ff0a2c22', '\\x']],
  ['json', [' { "a" : [1.0, "x,\\"y"], "a": null } ']],
  ['jsonb', ['{"b": 12345678901234567890.10, "a": "x,\\"y"}']],
  ['text[]', ['{"a,\\"b",NULL,"NULL",""}', '{}']],
  ['int4range', ['[1,5)', 'empty']],
  ['tstzrange', ['["2024-01-01 00:00+02",infinity)']],
  ['interval', ['1 year 2 months 3 days 04:05:06.7', '-1 day']],
  ['inet', ['10.0.0.1/24']],
  ['shop.mood', ['so so', 'Ärger']],
] as const)('%s stays what Postgres writes it as', async (type, values) => {
  const { holds, texts, refused } = await decoded(type, values, TEXT);
  expect([holds, refused]).toEqual(['VARCHAR', []]);
  expect(texts).toEqual((await stored("case when v is not null then format('%s', v) end")).texts);
});

test.each([
  ['bigint[]', { '{9223372036854775807,NULL,-1}': '[9223372036854775807,null,-1]', '{}': '[]', '{{1,2},{3,4}}': '[[1,2],[3,4]]', '[0:1]={7,8}': '[7,8]' }],
  ['numeric[]', { '{1.10,12345678901234567890.123456789,NaN}': '[1.10,12345678901234567890.123456789,"NaN"]' }],
  ['double precision[]', { '{0.1,0.30000000000000004,1e300,-Infinity}': '[0.1,0.30000000000000004,1e+300,"-Infinity"]' }],
  ['text[]', { '{"a,\\"b\\\\",NULL,"NULL",""," {x}","two\nlines"}': '["a,\\"b\\\\",null,"NULL",""," {x}","two\\nlines"]', '{}': '[]', '{{a},{NULL}}': '[["a"],[null]]' }],
  ['timestamptz[]', { '{"2024-03-31 03:30:00.5+02",NULL,infinity}': '["2024-03-31T01:30:00.5+00:00",null,"infinity"]' }],
  ['timestamp[]', { '{"2024-03-31 03:30:00"}': '["2024-03-31T03:30:00"]' }],
  ['date[]', { '{2024-03-31}': '["2024-03-31"]' }],
  ['boolean[]', { '{t,f,NULL}': '[true,false,null]' }],
  ['bytea[]', { '{"\\\\x00ff"}': '["\\\\x00ff"]' }],
  ['shop.mood[]', { '{Ärger,"so so"}': '["Ärger","so so"]' }],
  ['jsonb[]', { '{"{\\"a\\": [1, null]}"}': '[{"a": [1, null]}]' }],
] as const)('%s is JSON where the contract says that it is an array', async (type, values) => {
  const { texts, refused } = await decoded(type, Object.keys(values), TEXT, { arrays: new Set(['v', 'id']) });
  expect(refused).toEqual([]);
  expect(texts).toEqual(Object.fromEntries([null, ...Object.values(values)].map((text, id) => [id, text])));
});

test('empty text is null, or stays what it is where the source keeps it', async () => {
  expect((await decoded('text', ['', ' '], TEXT)).texts).toEqual({ 0: null, 1: null, 2: ' ' });
  expect((await decoded('text', ['', ' '], TEXT, { emptyText: 'keep' })).texts).toEqual({ 0: null, 1: '', 2: ' ' });
});

test('grains of a table become partitions with their rows; names of columns are those that the contract maps', async () => {
  await bench.database.pool.query(`drop table if exists shop.orders; create table shop.orders ("Order No" int, at timestamptz, "new, one" text);
    insert into shop.orders values (1, '2024-01-01 23:59:59.999999Z', 'x'), (2, '2024-01-02 00:00Z', null), (3, '2024-01-03 12:00Z', 'y')`);
  const columns = [{ name: 'order_no', physicalName: 'Order No', type: 'BIGINT', required: true, keyPosition: 1 }, { name: 'at', physicalName: 'at', type: 'TIMESTAMP', required: true }] as const;
  bench.definition = { ...retail({ dataset: { columns, rules: [], checks: [] } }), grain: '1d' };
  const interval = { start: '2024-01-01T00:00:00Z', end: '2024-01-04T00:00:00Z' };
  const { result, error } = await bench.validate(await filesOf('at', partitionsOf(interval, '1d')), { interval });
  expect(error).toBeUndefined();
  expect(await bench.rowsOf(result?.bronze, 'order_no::INTEGER as order_no, "at"::VARCHAR as placed, _weir_extra')).toEqual([
    { order_no: 1, placed: '2024-01-01 23:59:59.999999', _weir_extra: '{"new, one":"x"}' },
    { order_no: 2, placed: '2024-01-02 00:00:00', _weir_extra: '{"new, one":null}' },
    { order_no: 3, placed: '2024-01-03 12:00:00', _weir_extra: '{"new, one":"y"}' },
  ]);
});
