import { withHeaders } from './record-headers';
import { clicks, column, rowsIn, sendBatch, type TestRecord } from './testing/records';
import { stageLog } from './testing/segments';
import { Workbench } from './testing/workbench';
import { tryRows } from './try-rows';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());
beforeEach(() => bench.database.pool.query('truncate quality.quarantined_row'));

test.each([
  ['{"a":1}', { x: '1' }, '{"$headers":{"x":"1"},"a":1}'],
  [' \n{ }\t', { x: 'a "b" \u001e\\' }, ' \n{"$headers":{"x":"a \\"b\\" \\u001e\\\\"} }\t'],
  ['{}', { y: 'not asked for' }, '{"$headers":{}}'],
  ['[1]', { x: '1' }, '[1]'],
  ['', { x: '1' }, ''],
  ['{', { x: '1' }, '{"$headers":{"x":"1"},'],
  ['\u001ftkey', { x: '1' }, '\u001ftkey'],
])('the headers stand before the fields of an object: %j', (text, headers, expected) => {
  const list = Object.entries(headers).map(([name, value]) => ({ name, value: Buffer.from(value) }));
  expect(withHeaders(Buffer.from(text), list, new Set(['x', 'other']))).toEqual(Buffer.from(expected));
});

/** Events of CloudEvents in binary mode: the attributes are headers, the data is the value. */
const dataset = {
  columns: [
    column('id', 'VARCHAR', { physicalName: '$headers.ce_id', keyPosition: 1, required: true }),
    column('kind', 'VARCHAR', { physicalName: '$headers.ce_type', required: true }),
    column('happened', 'TIMESTAMP', { physicalName: '$headers.ce_time' }),
    column('media', 'VARCHAR', { physicalName: '$headers.content-type' }),
    column('n', 'BIGINT'),
  ],
  rules: [{ id: 'kind_known', severity: 'critical', type: 'accuracy', predicate: "kind <> 'unknown'", description: 'the kind is known' }],
} as const;

const event = (id: string, value: string | null, headers: readonly (readonly [string, string | Buffer])[] = []): TestRecord => ({ value, key: id, headers: [['ce_id', id], ['ce_specversion', '1.0'], ...headers] });
const made = ['ce_type', 'made'] as const;
const RECORDS: readonly TestRecord[] = [
  event('a', '{"n":1}', [made, ['ce_time', '2026-01-02T03:04:05.678+02:00'], ['content-type', 'application/json; charset="utf-8"']]),
  event('b', ' {\n} ', [['ce_type', 'first'], made]),
  event('c', '{"$headers":{"ce_type":"forged","ce_id":"z"},"n":2}', [made]),
  event('d', '{"$headers":{"ce_type":"forged"},"n":3}'),
  event('e', '{"n":4}', [['ce_type', Buffer.from([0xff])]]),
  event('f', '{"n":5}', [made, ['ce_time', 'soon']]),
  event('g', 'no object', [made]),
  event('h', null, [made]),
  event('i', '{"n":6}', [['ce_type', 'unknown']]),
  { value: '{"n":7}' },
].map((record, offset) => ({ ...record, partition: 0, offset, grain: 'all' }));

const ADMITTED = [
  ['a', 'made', '2026-01-02 01:04:05.678', 'application/json; charset="utf-8"', '1', 'false'],
  ['b', 'made', null, null, null, 'false'],
  ['c', 'made', null, null, '2', 'false'],
  ['h', null, null, null, null, 'true'],
];
const REFUSED = ['3 missing:kind', '4 invalid_utf8', '5 type:happened', '6 undecodable', '8 kind_known', '9 missing:id missing:kind'];

async function refused(): Promise<string[]> {
  const { rows } = await bench.database.pool.query<{ refused: string }>("select line || ' ' || array_to_string(rules, ' ') as refused from quality.quarantined_row order by line");
  return rows.map((row) => row.refused);
}

test('columns are read from headers, in a stream as in a run over its archive', async () => {
  bench.definition = clicks(dataset);
  const streamed = rowsIn(await sendBatch(bench, RECORDS));
  const shown = (row: Readonly<Record<string, unknown>>): unknown[] => ['id', 'kind', 'happened', 'media', 'n', '_weir_deleted'].map((name) => row[name]);
  expect(streamed.map(shown)).toEqual(ADMITTED);
  expect(await refused()).toEqual(REFUSED);

  await bench.database.pool.query('truncate quality.quarantined_row');
  const { result, error } = await bench.validateRaw('archive', await stageLog(bench, RECORDS));
  expect(error).toBeUndefined();
  const rows = await bench.rowsOf(result?.bronze, 'id, kind, happened::VARCHAR as happened, media, n::VARCHAR as n, _weir_deleted::VARCHAR as _weir_deleted, _weir_row_id, _weir_position');
  const inOrder = rows.toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
  expect(inOrder.map(shown)).toEqual(ADMITTED);
  expect(inOrder.map((row) => [row['_weir_row_id'], row['_weir_position']])).toEqual(streamed.map((row) => [row['_weir_row_id'], row['_weir_position']]));
  expect(await refused()).toEqual(REFUSED);
});

test('records of the quarantine are tried with their headers', async () => {
  bench.definition = clicks(dataset);
  await sendBatch(bench, RECORDS);
  bench.definition = clicks({ ...dataset, rules: [] });
  bench.catalog.definitions.set('clicks', bench.definition);
  const { rules } = await tryRows(bench.dependencies, { pipeline: 'clicks', filter: undefined, cursor: '', grains: 0 }, new AbortController().signal);
  const told = new Map(rules.map(({ rule, landing, staying }) => [rule, [landing, staying]]));
  expect([told.get('kind_known'), told.get('type:happened'), told.get('undecodable')]).toEqual([[1, 0], [0, 1], [0, 1]]);
});
