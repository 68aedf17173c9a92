import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { InlineBatch } from '@weir/rpc';
import { testDatabase, type TestDatabase } from '@weir/testkit';
import fc from 'fast-check';
import { from as copyFrom } from 'pg-copy-streams';
import { BatchRunner, bronzeBatch, defineStream, type BronzeRow } from './testing/click-stream';

/** A table that a batch is copied into: names and types of Postgres, by hand. */
const TYPES = { text: 'text', more: 'text', flag: 'boolean', n: 'bigint', ratio: 'double precision', amount: 'numeric(38,6)', day: 'date', at: 'timestamp' } as const;
const PROPERTIES = [
  '{ name: text, logicalType: string }',
  '{ name: more, logicalType: string }',
  '{ name: flag, logicalType: boolean }',
  '{ name: n, logicalType: integer }',
  '{ name: ratio, logicalType: number, physicalType: double }',
  '{ name: amount, logicalType: number, physicalType: "decimal(38,6)" }',
  '{ name: day, logicalType: date }',
  '{ name: at, logicalType: timestamp }',
];

let database: TestDatabase;
let stream: BatchRunner;
beforeAll(async () => {
  database = await testDatabase();
  stream = new BatchRunner(await defineStream({ properties: PROPERTIES, models: [{ name: 'silver.all', sql: 'select * from bronze.events' }, { name: 'silver.numbers', sql: 'select n, n as again from bronze.events' }] }));
});
afterAll(async () => {
  stream?.close();
  await database?.drop();
});

type Values = Readonly<Record<keyof typeof TYPES, string | number | boolean | null>>;
const NOTHING: Values = { text: null, more: null, flag: null, n: null, ratio: null, amount: null, day: null, at: null };

/** The batch's rows as Postgres has them after COPY, in the order of `_weir_position`, every value as text. */
async function copied(batch: InlineBatch | undefined): Promise<Record<string, string | null>[]> {
  if (!batch) throw new Error('no batch');
  const client = await database.pool.connect();
  try {
    const types: Record<string, string> = { ...TYPES, again: 'bigint', other: 'double precision', _weir_partition: 'text', _weir_row_id: 'uuid', _weir_position: 'text' };
    await client.query(`begin; create temp table copied (${batch.columns.map((name) => `"${name}" ${types[name]}`).join(', ')}) on commit drop`);
    const target = client.query(copyFrom(`copy copied (${batch.columns.map((name) => `"${name}"`).join(', ')}) from stdin (format csv)`));
    await pipeline(Readable.from([Buffer.from(batch.data)]), target);
    expect(target.rowCount).toBe(batch.rows);
    const { rows } = await client.query<Record<string, string | null>>(`select ${batch.columns.map((name) => `"${name}"::text`).join(', ')} from copied order by split_part(_weir_position, ':', 3)::bigint`);
    return rows;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

async function run(values: readonly Values[]): Promise<readonly InlineBatch[]> {
  const rows = values.map((each, at): BronzeRow => ({ ...each, _weir_partition: '2026-01-01T00:00:00Z', _weir_row_id: at.toString(16).padStart(32, '0'), _weir_position: `clicks:0:${at}`, _weir_deleted: false }));
  return stream.tables(bronzeBatch(rows));
}

const HOSTILE = ['', ' ', '\\N', '\\.', 'NULL', 'null', '"', '""', '"""', ',', '\n', '\r', '\r\n', '\n\\.\n', 'a\n\\.\nb', '\\.\n', '\t', "'", '#', '\\', '\\"', '\u{1F600}', 'é', 'e\u0301', '\u2028', '\uFEFF', '\u0001', '\u001e', '\u001d', '\u001f', '\u007f', ';', '{a,b}', '$1', '%s', '" , "', '0', 'true', '\uFFFD', 'ä'.repeat(300)];
const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 6 }).map((parts) => parts.join('')),
).map((value) => value.replaceAll('\0', ''));

it('texts arrive in Postgres as they are, first column or not, and null is not the empty text', async () => {
  const values = fc.array(fc.record({ text: fc.option(text, { nil: null }), more: fc.option(text, { nil: null }) }), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(values, async (rows) => {
      const [all] = await run(rows.map((each) => ({ ...NOTHING, ...each })));
      const found = await copied(all);
      expect(found.map(({ text: first, more }) => ({ text: first, more }))).toEqual(rows);
    }),
    { numRuns: 40 },
  );
});

it('a text of a megabyte of quotes and line breaks arrives whole', async () => {
  const long = '"\n,é'.repeat(200_000);
  const [all] = await run([{ ...NOTHING, text: long }, { ...NOTHING, more: 'next' }]);
  const found = await copied(all);
  expect(found.map((row) => [row['text'] === long, row['more']])).toEqual([[true, null], [false, 'next']]);
});

it('numbers, truth, dates and times arrive exactly, up to the ends of their ranges', async () => {
  const rows: Partial<Values>[] = [
    { flag: true, n: '-9223372036854775808', ratio: -0.1, amount: '-99999999999999999999999999999999.999999', day: '0001-01-01', at: '0001-01-01 00:00:00' },
    { flag: false, n: '9223372036854775807', ratio: 1.7976931348623157e308, amount: '0.000001', day: '9999-12-31', at: '9999-12-31 23:59:59.999999' },
    { n: 0, ratio: 5e-324, amount: '1.500000', day: '2024-02-29', at: '2010-12-01 08:26:00' },
    { ratio: 0.30000000000000004, day: '0044-03-15 (BC)', at: '0044-03-15 (BC) 12:00:00' },
    { ratio: 123456789.12345678, amount: '99999999999999999999999999999999.999999', day: 'infinity', at: '-infinity' },
    { ratio: -1e21, n: -1, day: '1970-01-01', at: '1969-12-31 23:59:59.999999' },
    {},
  ];
  // 64-bit integers stand in the JSON as numbers.
  const bronze = bronzeBatch(rows.map((each, at) => ({ ...NOTHING, ...each, _weir_partition: 'p', _weir_row_id: at.toString(16).padStart(32, '0'), _weir_position: `clicks:0:${at}`, _weir_deleted: false })));
  const data = Buffer.from(Buffer.from(bronze.data).toString().replace(/"n":"(-?\d+)"/g, '"n":$1'));
  const [all, numbers] = await stream.tables({ ...bronze, data });
  const found = await copied(all);
  const expected = rows.map((each) => ({
    flag: each.flag === undefined ? null : String(each.flag),
    n: each.n === undefined ? null : String(each.n),
    ratio: each.ratio === undefined ? null : String(each.ratio),
    amount: each.amount ?? null,
    day: each.day === undefined ? null : String(each.day).replace(' (BC)', ' BC'),
    at: each.at === undefined ? null : String(each.at).replace('0044-03-15 (BC) 12:00:00', '0044-03-15 12:00:00 BC'),
  }));
  expect(found.map(({ flag, n, ratio, amount, day, at }) => ({ flag, n, ratio, amount, day, at }))).toEqual(expected);
  // A first column that is not text stands without quotes, and null is nothing at all there.
  expect((await copied(numbers)).map(({ n, again }) => [n, again])).toEqual(expected.map(({ n }) => [n, n]));
});

it('what models compute beyond a contract arrives, too: infinite and no numbers', async () => {
  const computed = new BatchRunner(await defineStream({ properties: PROPERTIES, models: [{ name: 'silver.computed', sql: "select 'inf'::double * n as ratio, n::double - 'inf'::double * 0 as other, not flag as flag, day - 1 as day, events.at + interval 1 microsecond as \"at\" from bronze.events" }] }));
  const rows = [{ ...NOTHING, n: 1, flag: true, day: '0001-01-01', at: '9999-12-31 23:59:59.999999' }, { ...NOTHING, n: -1, day: '2024-03-01', at: '0001-01-01 00:00:00' }];
  const [batch] = await computed.tables(bronzeBatch(rows.map((each, at) => ({ ...each, _weir_partition: 'p', _weir_row_id: at.toString(16).padStart(32, '0'), _weir_position: `clicks:0:${at}`, _weir_deleted: false }))));
  computed.close();
  expect((await copied(batch)).map(({ ratio, other, flag, day, at }) => [ratio, other, flag, day, at])).toEqual([
    ['Infinity', 'NaN', 'false', '0001-12-31 BC', '10000-01-01 00:00:00'],
    ['-Infinity', 'NaN', null, '2024-02-29', '0001-01-01 00:00:00.000001'],
  ]);
});
