import { Severity } from '@weir/rpc';
import { clicks, column, rowsIn, sendBatch, type TestRecord } from './testing/records';
import { stageLog } from './testing/segments';
import { Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

const columns = [
  column('id', 'VARCHAR', { keyPosition: 1 }),
  column('n', 'BIGINT'),
  column('exact', 'DECIMAL(38,10)'),
  column('price', 'DECIMAL(12,3)'),
  column('at', 'TIMESTAMP'),
  column('inner', 'VARCHAR', { physicalName: '$.a.b' }),
];
beforeEach(async () => {
  bench.definition = clicks({ columns });
  await bench.database.pool.query('truncate quality.quarantined_row');
});

type Case = readonly [what: string, value: Buffer | string | null, rule: string | undefined, key?: Buffer | string];

const bytes = (...parts: (string | number)[]): Buffer => Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));
const NESTED = 100_000;

/** What each value is by RFC 8259 and the contract above: the rule that refuses it, or that it is admitted. */
const CASES: readonly Case[] = [
  ['good', '{"id":"good"}', undefined],
  ['a byte that begins no character', bytes('{"id":"', 0xff, '"}'), 'invalid_utf8'],
  ['a character cut off', bytes('{"id":"x', 0xe6, 0xbc), 'invalid_utf8'],
  ['half of a surrogate pair in bytes', bytes('{"id":"', 0xed, 0xa0, 0x80, '"}'), 'invalid_utf8'],
  ['an overlong NUL', bytes('{"id":"', 0xc0, 0x80, '"}'), 'invalid_utf8'],
  ['half of a surrogate pair, escaped', '{"id":"\\ud800"}', 'undecodable'],
  ['JSON cut off', '{"id":"x"', 'undecodable'],
  ['nothing', '', 'undecodable'],
  ['spaces', '  \n', 'undecodable'],
  ['a number', '5', 'undecodable'],
  ['an array', '[]', 'undecodable'],
  ['an array of an object', '[{"id":"x"}]', 'undecodable'],
  ['a text', '"{}"', 'undecodable'],
  ['null', 'null', 'undecodable'],
  ['two objects', '{"id":"x"}{"id":"y"}', 'undecodable'],
  ['something behind the object', '{"id":"x"};', 'undecodable'],
  ['single quotes', "{'id':'x'}", 'undecodable'],
  ['a byte order mark', '\ufeff{"id":"x"}', 'undecodable'],
  ['a record separator inside', '{"id":"a\u001eb"}', 'undecodable'],
  ['a group separator inside', '{"id":"a\u001db"}', 'undecodable'],
  ['a unit separator inside', '{"id":"a\u001fb"}', 'undecodable'],
  ['a record separator behind', '{"id":"x"}\u001e', 'undecodable'],
  ['a group separator before', '\u001d{"id":"x"}', 'undecodable'],
  ['only separators', '\u001e\u001d\u001e\u001e\u001d', 'undecodable'],
  ['our mark of a tombstone', '\u001ftgood', 'undecodable'],
  ['our mark of poison', '\u001fptoo_large', 'undecodable'],
  ['a raw NUL', '{"id":"a\u0000b"}', 'undecodable'],
  ['an escaped NUL', '{"id":"a\\u0000b"}', 'nul_character'],
  ['an escaped NUL in a field that the contract does not name', '{"id":"unnamed","z":"\\u0000"}', undefined],
  ['separators, escaped', '{"id":"a\\u001e\\u001d\\u001fb"}', undefined],
  ['nesting without end', `{"id":"deep","z":${'['.repeat(NESTED)}${']'.repeat(NESTED)}}`, undefined],
  ['nesting that does not close', `{"id":"x","z":${'['.repeat(NESTED)}`, 'undecodable'],
  ['a key that comes twice', '{"id":"first","id":"second"}', undefined],
  ['no key', '{"n":1}', 'missing:id'],
  ['a null key', '{"id":null}', 'required:id'],
  ['an empty key', '{"id":""}', 'required:id'],
  ['a whole number beyond 64 bits', '{"id":"x","n":9223372036854775808}', 'type:n'],
  ['a fraction for a whole number', '{"id":"x","n":1.5}', 'type:n'],
  ['a whole number that a double does not hold', '{"id":"x","n":9007199254740993.0}', 'inexact_number'],
  ['an object for a number', '{"id":"x","n":{"a":1}}', 'type:n'],
  ['NaN', '{"id":"x","price":NaN}', 'type:price'],
  ['more digits than a double holds, as a number', '{"id":"x","exact":12345678901234567890.0123456789}', 'inexact_number'],
  ['more digits than a double holds, as text', '{"id":"digits","exact":"12345678901234567890.0123456789"}', undefined],
  ['more decimals than the column', '{"id":"x","price":"1.2345"}', 'type:price'],
  ['a day that does not exist', '{"id":"x","at":"2023-02-29"}', 'type:at'],
  ['a path through what is no object', '{"id":"path","a":[{"b":1}]}', undefined],
  ['a tombstone of plain text', null, undefined, 'plain'],
  ['a tombstone of JSON text', null, undefined, '"json"'],
  ['a tombstone of a JSON object', null, undefined, '{"id":"object"}'],
  ['a tombstone of an object without the key', null, 'required:id', '{"other":1}'],
  ['a tombstone without a key', null, 'required:id'],
  ['a tombstone with an empty key', null, 'required:id', ''],
  ['a tombstone whose key is no text', null, 'invalid_utf8', bytes(0xff)],
  ['a tombstone whose key has a separator', null, 'undecodable', 'a\u001eb'],
  ['a tombstone whose key looks like a mark', null, 'undecodable', '\u001fpx'],
  ['a tombstone whose key has a NUL', null, 'nul_character', 'a\u0000b'],
];

const keyOf = ([, , , key]: Case): { key?: Buffer | string } => (key === undefined ? {} : { key });
/** Each case with a good record on either side. */
const records: TestRecord[] = CASES.flatMap((one, n) => [{ value: one[1], ...keyOf(one) }, { value: `{"id":"neighbour ${n}"}` }]);

/** Rule by case, and whether all neighbours were admitted. */
async function verdicts(positions: ReadonlySet<unknown>): Promise<{ rules: (string | undefined)[]; neighbours: boolean }> {
  const { rows } = await bench.database.pool.query<{ line: number; rules: string[] }>('select line::int, rules from quality.quarantined_row');
  const refused = new Map(rows.map(({ line, rules }) => [line, rules[0]]));
  const rules = CASES.map((_, n) => refused.get(2 * n) ?? (positions.has(`clicks:0:${2 * n}`) ? undefined : 'lost'));
  return { rules, neighbours: CASES.every((_, n) => positions.has(`clicks:0:${2 * n + 1}`)) };
}

const expected = { rules: CASES.map(([, , rule]) => rule), neighbours: true };

describe('records of every kind of poison', () => {
  it('in one micro-batch are refused each by itself', async () => {
    const response = await sendBatch(bench, records);
    expect(response.accounts).toMatchObject({ read: records.length, duplicate: 0 });
    expect(await verdicts(new Set(rowsIn(response).map((row) => row['_weir_position'])))).toEqual(expected);
  });

  it('in segments are refused as in micro-batches', async () => {
    const { result } = await bench.validateRaw('run', await stageLog(bench, records, 7));
    const rows = await bench.rowsOf(result?.bronze, '_weir_position');
    expect(await verdicts(new Set(rows.map((row) => row['_weir_position'])))).toEqual(expected);
  });

  it.each(CASES.map((one) => [one[0], one] as const))('alone in a micro-batch: %s', async (_what, one) => {
    const response = await sendBatch(bench, [{ value: one[1], ...keyOf(one) }]);
    expect({ rules: response.rules.filter(({ severity }) => severity === Severity.CRITICAL).map(({ rule }) => rule), admitted: response.accounts?.admitted }).toEqual(one[2] === undefined ? { rules: [], admitted: 1 } : { rules: [one[2]], admitted: 0 });
  });

  it('is kept with the bytes that came', async () => {
    await sendBatch(bench, records);
    const { rows } = await bench.database.pool.query<{ line: number; original: Buffer | null; original_path: string | null }>('select line::int, original, original_path from quality.quarantined_row order by line');
    for (const { line, original, original_path: path } of rows) {
      const value = CASES[line / 2]?.[1];
      if (path === null) expect(original?.toString('hex')).toBe(value === null ? undefined : Buffer.from(value ?? 'lost').toString('hex'));
    }
    expect(rows.length).toBe(CASES.filter(([, , rule]) => rule !== undefined).length);
  });
});

describe('the rows of records', () => {
  it('that delete have the key and nothing else', async () => {
    const response = await sendBatch(bench, [{ value: null, key: '{"id":"gone","n":5}' }, { value: null, key: '7' }]);
    expect(rowsIn(response).map((row) => [row['id'], row['n'], row['_weir_deleted']])).toEqual([['gone', null, 'true'], ['7', null, 'true']]);
  });

  it('with a key of several columns are deleted by an object that has them all', async () => {
    bench.definition = clicks({ columns: [column('shop', 'BIGINT', { keyPosition: 1 }), column('id', 'VARCHAR', { keyPosition: 2, physicalName: 'ID' }), column('n', 'BIGINT')] });
    const response = await sendBatch(bench, [{ value: null, key: '{"shop":3,"ID":"x"}' }, { value: null, key: '{"shop":3}' }, { value: null, key: 'x' }, { value: '{"shop":"4","ID":5,"n":6}' }]);
    expect(rowsIn(response).map((row) => [row['shop'], row['id'], row['n'], row['_weir_deleted']])).toEqual([['3', 'x', null, 'true'], ['4', '5', '6', 'false']]);
    expect(response.rules.map(({ rule, rows }) => [rule, rows])).toEqual([['required:id', 2], ['required:shop', 1]]);
  });

  it('of a contract without a key cannot be deleted', async () => {
    bench.definition = clicks({ columns: [column('n', 'BIGINT')] });
    expect((await sendBatch(bench, [{ value: null, key: 'x' }])).rules).toMatchObject([{ rule: 'tombstone_without_key' }]);
  });

  it('that delete by a condition of the contract need their key and nothing else', async () => {
    bench.definition = clicks({ columns: [column('id', 'VARCHAR', { keyPosition: 1 }), column('op', 'VARCHAR'), column('n', 'BIGINT', { required: true })], rules: [{ id: 'positive', severity: 'critical', type: 'accuracy', predicate: 'n > 0', description: 'n' }], deletes: "op = 'd'" });
    const response = await sendBatch(bench, ['{"id":"a","op":"d"}', '{"id":"b","op":"d","n":-1}', '{"op":"d"}', '{"id":"c","op":"u"}', '{"id":"d","n":1}'].map((value) => ({ value })));
    expect(rowsIn(response).map((row) => [row['id'], row['_weir_deleted']])).toEqual([['a', 'true'], ['b', 'true'], ['d', 'false']]);
    expect(response.rules.map(({ rule }) => rule)).toEqual(['missing:id', 'missing:n']);
  });

  it('with fields that the contract does not name are refused where it says so', async () => {
    bench.definition = clicks({ columns, drift: { newColumn: 'quarantine' } });
    const response = await sendBatch(bench, ['{"id":"a","a":{"b":"x"}}', '{"id":"b","z":null}', '{"id":"c","ID":1}', '{}', '{"id":"a","a":5}'].map((value) => ({ value })));
    expect(response.rules.map(({ rule, rows }) => [rule, rows])).toEqual([['missing:id', 1], ['new_column:ID', 1], ['new_column:z', 1]]);
  });

  it('are found under any name that a field can have', async () => {
    const names = ['ID', 'id', 'a"b', "it's", 'a.b', '$', '*', 'a[0]', 'a/b~c', '漢', ' '];
    bench.definition = clicks({ columns: names.map((physicalName, n) => column(`c${n}`, 'VARCHAR', { physicalName })) });
    const value = JSON.stringify(Object.fromEntries(names.map((name, n) => [name, `value ${n}`])));
    const [row] = rowsIn(await sendBatch(bench, [{ value }]));
    expect(names.map((_, n) => row?.[`c${n}`])).toEqual(names.map((_, n) => `value ${n}`));
  });

  it('are found along a path', async () => {
    bench.definition = clicks({ columns: [column('deep', 'BIGINT', { physicalName: '$.a.b.c' }), column('whole', 'VARCHAR', { physicalName: 'a' })] });
    const [row] = rowsIn(await sendBatch(bench, [{ value: '{"a": {"b": {"c": 5}}}' }]));
    expect([row?.['deep'], JSON.parse(String(row?.['whole']))]).toEqual(['5', { b: { c: 5 } }]);
  });
});
