import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CSV_LAYOUT, type Check, type Measure } from '@weir/core';
import { RuleOutcome, Severity } from '@weir/rpc';
import { clicks, column, recordBatch, rowsIn, sendBatch, typedRowsIn, type TestRecord } from './testing/records';
import { Workbench } from './testing/workbench';
import { validateBatch } from './validate-batch';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());
beforeEach(async () => {
  bench.definition = clicks(keyed);
  bench.logged.length = 0;
  await bench.database.pool.query('truncate quality.quarantined_row');
});

const keyed = {
  columns: [column('id', 'VARCHAR', { keyPosition: 1 }), column('n', 'BIGINT'), column('seq', 'BIGINT')],
  rules: [
    { id: 'small', severity: 'critical', type: 'accuracy', predicate: 'n < 100', description: 'n is below 100' },
    { id: 'even', severity: 'warning', type: 'accuracy', predicate: 'n % 2 = 0', description: 'n is even' },
  ],
  order: { by: 'sequence', column: 'seq' },
} as const;

const json = (value: object): string => JSON.stringify(value);

interface Kept {
  readonly file: string;
  readonly line: number;
  readonly rules: string[];
  readonly original: Buffer | null;
}

async function kept(): Promise<Kept[]> {
  const { rows } = await bench.database.pool.query<Kept>('select file, line::int, rules, original from quality.quarantined_row order by file, line');
  return rows;
}

describe('a micro-batch', () => {
  it('gives typed rows with their identity, closed accounts, and rules with positions', async () => {
    const records = [json({ id: 'a', n: 2, seq: 1 }), json({ id: 'a', n: 3, seq: 2 }), json({ id: 'b', n: 200, seq: 1 }), json({ id: 'c', n: 5, seq: 1 }), '{"id":'].map((value, n): TestRecord => ({ value, partition: 3, offset: 40 + n, grain: '2026-01-01T00:00:00Z' }));
    const response = await sendBatch(bench, records);
    expect(rowsIn(response)).toEqual([
      { id: 'a', n: '3', seq: '2', _weir_partition: '2026-01-01T00:00:00Z', _weir_row_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string, _weir_position: 'clicks:3:41', _weir_deleted: 'false' },
      { id: 'c', n: '5', seq: '1', _weir_partition: '2026-01-01T00:00:00Z', _weir_row_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string, _weir_position: 'clicks:3:43', _weir_deleted: 'false' },
    ]);
    expect(response.bronze).toMatchObject({ dataset: 'bronze.clicks', rows: 2, columns: ['id', 'n', 'seq', '_weir_partition', '_weir_row_id', '_weir_position', '_weir_deleted'] });
    expect(response.accounts).toEqual({ read: 5, admitted: 2, duplicate: 1, quarantined: 2, filtered: 0 });
    expect(response.rules).toEqual([
      { rule: 'small', rows: 1, samples: ['clicks:3:42: This does not hold: n is below 100.'], severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE },
      { rule: 'undecodable', rows: 1, samples: ['clicks:3:44: The value cannot be read: it is not of the form that the source says.'], severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE },
      { rule: 'even', rows: 2, samples: ['clicks:3:41: This does not hold: n is even.', 'clicks:3:43: This does not hold: n is even.'], severity: Severity.WARNING, outcome: RuleOutcome.NOTE },
    ]);
    expect(await kept()).toEqual([
      { file: 'clicks:3', line: 42, rules: ['small'], original: Buffer.from(records[2]?.value ?? '') },
      { file: 'clicks:3', line: 44, rules: ['undecodable'], original: Buffer.from('{"id":') },
    ]);
  });

  it('of several partitions, grains and gaps knows where each record is from', async () => {
    const records: TestRecord[] = [[0, 7, 'g1'], [0, 8, 'g1'], [0, 10, 'g1'], [0, 11, 'g2'], [2, 0, 'g1']].map(([partition, offset, grain]) => ({ value: json({ id: `${String(partition)}/${String(offset)}` }), partition: Number(partition), offset: Number(offset), grain: String(grain) }));
    const rows = rowsIn(await sendBatch(bench, records));
    expect(rows.map((row) => [row['id'], row['_weir_position'], row['_weir_partition']])).toEqual([['0/7', 'clicks:0:7', 'g1'], ['0/8', 'clicks:0:8', 'g1'], ['0/10', 'clicks:0:10', 'g1'], ['0/11', 'clicks:0:11', 'g2'], ['2/0', 'clicks:2:0', 'g1']]);
  });

  it('chooses the winner of a key by sequence, or by place in the log without one', async () => {
    const records = [{ seq: 5, p: 1 }, { seq: 7, p: 0 }, { seq: 6, p: 1 }, { p: 2 }].map(({ seq, p }) => ({ value: json({ id: 'a', ...(seq === undefined ? {} : { seq }) }), partition: p }));
    expect(rowsIn(await sendBatch(bench, records)).map((row) => row['seq'])).toEqual(['7']);
    bench.definition = clicks({ ...keyed, order: { by: 'arrival' } });
    const many = [...Array.from({ length: 11 }, (_, partition) => ({ value: json({ id: 'a', n: partition }), partition })), { value: json({ id: 'a', n: 50 }), partition: 9 }];
    expect(rowsIn(await sendBatch(bench, many)).map((row) => row['_weir_position'])).toEqual(['clicks:10:0']);
  });

  it('without a key keeps the first of equal rows in each grain', async () => {
    bench.definition = clicks({ columns: [column('n', 'DECIMAL(12,2)')] });
    const response = await sendBatch(bench, [{ value: '{"n":1.5}', grain: 'g1' }, { value: '{"n":"1.50"}', grain: 'g1' }, { value: '{"n":1.5}', grain: 'g2' }, { value: '{"n":2}', grain: 'g2' }]);
    expect(rowsIn(response).map((row) => row['_weir_position'])).toEqual(['clicks:0:0', 'clicks:0:2', 'clicks:0:3']);
    expect(response.accounts).toMatchObject({ admitted: 3, duplicate: 1 });
  });

  it('in which the same keys come again and again is validated as well as the first one', async () => {
    const records = Array.from({ length: 50 }, (_, n) => ({ value: json({ id: `${n % 20}`, seq: n }) }));
    for (let n = 0; n < 12; n++) expect((await sendBatch(bench, records)).accounts).toEqual({ read: 50, admitted: 20, duplicate: 30, quarantined: 0, filtered: 0 });
    expect((await sendBatch(bench, records.slice(0, 20))).accounts).toMatchObject({ admitted: 20, duplicate: 0 });
  });

  it('keeps every value exactly, through NDJSON and back', async () => {
    const types = { id: 'VARCHAR', big: 'BIGINT', money: 'DECIMAL(38,10)', price: 'DECIMAL(12,3)', ratio: 'DOUBLE', yes: 'BOOLEAN', day: 'DATE', at: 'TIMESTAMP' } as const;
    bench.definition = clicks({ columns: Object.entries(types).map(([name, type]) => column(name, type)) });
    const value = json({ id: 'é漢😀"\\\n\t\u0001\u001e end ', money: '-1234567890123456789012345678.0123456789', price: 2.5, ratio: 0.1, yes: false, day: '2024-02-29', at: '1999-12-31T23:59:59.999999+05:30' }).replace('{', '{"big":-9223372036854775808,');
    const response = await sendBatch(bench, [{ value }]);
    const [row] = await typedRowsIn(bench, response, types, 'id, big::VARCHAR as big, money, price, ratio, yes, day, "at"');
    expect(row).toEqual({ id: 'é漢😀"\\\n\t\u0001\u001e end ', big: '-9223372036854775808', money: '-1234567890123456789012345678.0123456789', price: '2.500', ratio: 0.1, yes: false, day: '2024-02-29', at: '1999-12-31 18:29:59.999999' });
  });

  it('whose columns do not fit each other is refused, and so is one of another kind of pipeline', async () => {
    const context = { pipeline: 'clicks', definitionVersion: 1, commitId: randomUUID(), workflowId: 'w', runId: 'r' };
    const send = (change: object) => validateBatch(bench.dependencies, { context, records: { ...recordBatch([{ value: '{"id":"a"}' }]), ...change } }, new AbortController().signal);
    for (const change of [{ valueLengths: Buffer.alloc(4) }, { valueLengths: Buffer.alloc(8) }, { keyLengths: Buffer.alloc(0) }, { timestamps: Buffer.alloc(7) }, { ranges: [] }, { ranges: [{ partition: 0, offset: 0, count: 20_000, grain: 'all' }] }, { values: Buffer.from('{"id":"a"}x') }, { topic: '' }, { poisoned: [{ ordinal: 0, reason: 'nonsense', original: Buffer.alloc(0), originalPath: '', length: 0 }] }]) {
      await expect(send(change)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    }
    await expect(validateBatch(bench.dependencies, { context: undefined, records: undefined }, new AbortController().signal)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    bench.definition = { ...bench.definition, source: { type: 'file', dataset: 'clicks', path: '/x', layout: CSV_LAYOUT, empty: 'error' } };
    await expect(send({})).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  it('that is cancelled stops and writes nothing', async () => {
    const records = recordBatch(Array.from({ length: 5_000 }, () => ({ value: '{' })));
    const context = { pipeline: 'clicks', definitionVersion: 1, commitId: randomUUID(), workflowId: 'w', runId: 'r' };
    await expect(validateBatch(bench.dependencies, { context, records }, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await kept()).toEqual([]);
  });
});

describe('the checks of a stream', () => {
  const measure = { kind: 'nullShare', column: 'n' } as const;
  const checks = [
    { id: 'few', severity: 'critical', type: 'completeness', measure, threshold: { atMost: 20, unit: 'percent' } },
    { id: 'none', severity: 'warning', type: 'completeness', measure, threshold: { equal: 0, unit: 'rows' } },
  ] as const;
  const batch = (rows: number, nulls: number): TestRecord[] => Array.from({ length: rows }, (_, n) => ({ value: json({ id: `${n}`, ...(n < nulls ? {} : { n: 2 }) }) }));

  it('are measured over admitted rows that do not delete, and say in the log when one begins to fail', async () => {
    bench.definition = clicks({ ...keyed, checks, deletes: 'seq = -1' });
    const gone = Array.from({ length: 40 }, (_, n) => ({ value: json({ id: `gone ${n}`, seq: -1 }) }));
    await sendBatch(bench, [...batch(100, 10), ...gone, ...Array.from({ length: 40 }, () => ({ value: '{}' }))]);
    expect(bench.logged.splice(0)).toEqual([{ level: 'warn', line: { pipeline: 'clicks', check: 'none', actual: '10 rows', threshold: 'exactly 0 rows', rows: 100 }, message: 'A check over the last minute fails.' }]);
  });

  it('that are critical are errors of the log', async () => {
    bench.definition = { ...clicks({ ...keyed, checks: [checks[0]] }), contract: { ...clicks({ ...keyed, checks: [checks[0]] }).contract, version: '1.0.1' } };
    await sendBatch(bench, batch(100, 21));
    expect(bench.logged.splice(0)).toMatchObject([{ level: 'error', line: { check: 'few', actual: '21 %' } }]);
  });

  it('of every kind that counts rows one by one are judged as in batch, the others are left to the archive', async () => {
    const value = (id: string, kind: Measure, threshold: Check['threshold'] = { equal: 0, unit: 'rows' }): Check => ({ id, severity: 'warning', type: 'accuracy', measure: kind, threshold });
    const kinds = [
      value('nulls', { kind: 'nullShare', column: 'a' }),
      value('range', { kind: 'range', column: 'a', max: 89 }, { atMost: 10, unit: 'percent', of: 'values' }),
      value('set', { kind: 'set', column: 's', values: ['red'] }),
      value('pattern', { kind: 'pattern', column: 's', patterns: ['^r'] }),
      value('length', { kind: 'length', column: 's', max: 3 }),
      value('type', { kind: 'type', column: 's', types: ['integer'] }),
      value('pair', { kind: 'pair', columns: ['b', 'a'], operator: '>=' }),
      value('row', { kind: 'row', predicate: 'a <> 50' }),
      value('unique', { kind: 'unique', columns: ['b'] }),
      value('count', { kind: 'count' }),
    ];
    const definition = clicks({ columns: [column('a', 'BIGINT'), column('b', 'BIGINT'), column('s', 'VARCHAR')], checks: kinds });
    bench.definition = { ...definition, contract: { ...definition.contract, version: 'kinds' } };
    const records = Array.from({ length: 100 }, (_, n) => ({ value: json({ ...(n < 5 ? {} : { a: n }), b: n >= 10 && n < 20 ? n - 1 : n, s: n < 97 ? 'red' : 'bluish' }) }));
    await sendBatch(bench, records);
    const told = bench.logged.splice(0).map(({ line }) => line as { check: string; actual: string });
    expect(told.map(({ check, actual }) => `${check} ${actual}`)).toEqual(['nulls 5 rows', 'range 10.5 % of values', 'set 3 rows', 'pattern 3 rows', 'length 3 rows', 'type 100 rows', 'pair 10 rows', 'row 1 row']);
  });

  it('that cannot be measured do not stop it, nor hide the others', async () => {
    const cast: Check = { ...checks[1], id: 'bad', measure: { kind: 'row', predicate: 'id::INTEGER >= 0' } };
    const definition = clicks({ ...keyed, checks: [cast, checks[1]] });
    bench.definition = { ...definition, contract: { ...definition.contract, version: 'unmeasured' } };
    const records = batch(100, 10).map(({ value }) => ({ value: String(value).replace('"id":"', '"id":"x') }));
    for (const _ of [1, 2]) expect((await sendBatch(bench, records)).accounts).toMatchObject({ admitted: 100 });
    expect(bench.logged.splice(0)).toMatchObject([
      { level: 'error', line: { pipeline: 'clicks', check: 'bad', reason: expect.stringContaining('x0') }, message: 'A check of a stream cannot be measured; it goes on without it.' },
      { level: 'warn', line: { check: 'none', actual: '10 rows' } },
    ]);
  });
});

describe('rows that come out too large', () => {
  const wide = { columns: Array.from({ length: 80 }, (_, n) => column(`a_rather_long_name_of_a_column_${n}`, 'VARCHAR')) };

  it('end the call with BATCH_TOO_LARGE, so that the consumer sends fewer', async () => {
    bench.definition = clicks(wide);
    await expect(sendBatch(bench, Array.from({ length: 10_000 }, (_, n) => ({ value: `{"a_rather_long_name_of_a_column_0":${n}}` })))).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
    expect((await sendBatch(bench, [{ value: '{}' }])).accounts).toMatchObject({ admitted: 1 });
  });

  it('of one record are poison', async () => {
    bench.definition = clicks({ columns: [1, 2, 3, 4].map((n) => column(`c${n}`, 'VARCHAR', { physicalName: 'x' })) });
    const response = await sendBatch(bench, [{ value: json({ x: 'y'.repeat(900_000) }) }]);
    expect(response).toMatchObject({ bronze: undefined, accounts: { read: 1, quarantined: 1 }, rules: [{ rule: 'too_large' }] });
  });
});

describe('quarantine of a micro-batch', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const bad: TestRecord[] = [
    { value: json({ id: 'a', n: 100 }), key: Buffer.from([0xff, 0, 1]), offset: 0, headers: [['traceparent', traceparent], ['source', 'app'], ['source', 'é\u0000'], ['raw', Buffer.from([0xff])]] },
    { value: 'x'.repeat(100_000), key: 'k', headers: [['traceparent', 'a\u0000'.repeat(1_000)]] },
    { value: null },
    { value: '', poison: { reason: 'too_large', path: 'quarantine/clicks/ab/abc.bin', length: 5_000_000 } },
    { value: '', poison: { reason: 'compressed_corrupt', original: Buffer.from([1, 2, 3]) }, timestamp: -1 },
  ];

  it('holds the value as it came, key, headers, the trace of the producer, and says where', async () => {
    await sendBatch(bench, bad);
    const { rows } = await bench.database.pool.query('select line::int, rules, byte_length::int, original, original_path, key, headers, traceparent, record_timestamp::int, run_id, dataset, partition, contract_version, stage, sha256, status from quality.quarantined_row order by line');
    const common = { run_id: 'stream-run', dataset: 'clicks', partition: 'all', contract_version: '1.0.0', stage: 'validate', sha256: null, status: 'open', original_path: null, key: null, headers: null, traceparent: null };
    expect(rows).toEqual([
      { ...common, line: 0, rules: ['small'], byte_length: 18, original: Buffer.from('{"id":"a","n":100}'), key: Buffer.from([0xff, 0, 1]), headers: JSON.stringify({ traceparent, source: ['app', 'é\u0000'], raw: '\ufffd' }), traceparent, record_timestamp: 0 },
      { ...common, line: 1, rules: ['undecodable'], byte_length: 100_000, original: null, original_path: expect.stringMatching(/^quarantine\/clicks\/[0-9a-f]{2}\/[0-9a-f]{64}\.bin$/) as string, key: Buffer.from('k'), headers: expect.any(String) as string, record_timestamp: 1_000 },
      { ...common, line: 2, rules: ['required:id'], byte_length: null, original: null, record_timestamp: 2_000 },
      { ...common, line: 3, rules: ['too_large'], byte_length: 5_000_000, original: null, original_path: 'quarantine/clicks/ab/abc.bin', record_timestamp: 3_000 },
      { ...common, line: 4, rules: ['compressed_corrupt'], byte_length: 3, original: Buffer.from([1, 2, 3]), record_timestamp: -1 },
    ]);
    expect((await readFile(bench.lake.absolute(String(rows[1]?.['original_path'])))).toString()).toBe('x'.repeat(100_000));
  });

  it('is left as it was by a batch that is repeated', async () => {
    await sendBatch(bench, bad);
    await bench.database.pool.query("update quality.quarantined_row set status = 'replayed' where line = 1");
    const all = async () => (await bench.database.pool.query('select * from quality.quarantined_row order by id')).rows as unknown[];
    const before = await all();
    await sendBatch(bench, bad, 'another-run');
    await sendBatch(bench, bad.slice(0, 3));
    expect(await all()).toEqual(before);
  });

  it('has a record of its own for the same offset of a topic that was made anew, and none for another version of the contract', async () => {
    await sendBatch(bench, [{ value: 'x', timestamp: 1 }]);
    await sendBatch(bench, [{ value: 'y', timestamp: 2 }]);
    bench.definition = { ...bench.definition, contract: { ...bench.definition.contract, version: '2.0.0' } };
    await sendBatch(bench, [{ value: 'y', timestamp: 2 }]);
    expect((await kept()).map(({ original }) => original?.toString())).toEqual(['x', 'y']);
  });

  it('takes a batch that is bad altogether', async () => {
    const response = await sendBatch(bench, Array.from({ length: 10_000 }, (_, n) => ({ value: `no ${n}`, headers: [['n', String(n)]] as const })));
    expect(response).toMatchObject({ bronze: undefined, accounts: { read: 10_000, admitted: 0, quarantined: 10_000 } });
    const rows = await kept();
    expect(rows.map(({ line, original }) => [line, original?.toString()])).toEqual(Array.from({ length: 10_000 }, (_, n) => [n, `no ${n}`]));
  });

  it('says UNAVAILABLE while it cannot be written, and gives no rows', async () => {
    const pool = { query: () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })) } as unknown as Workbench['dependencies']['pool'];
    const context = { pipeline: 'clicks', definitionVersion: 1, commitId: randomUUID(), workflowId: 'w', runId: 'r' };
    await expect(validateBatch({ ...bench.dependencies, pool }, { context, records: recordBatch([{ value: 'x' }]) }, new AbortController().signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
