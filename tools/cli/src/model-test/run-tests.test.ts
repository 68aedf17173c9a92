import { CSV_LAYOUT, type Definition, type ModelTest, compileDefinition, parseModelTests } from '@weir/core';
import { inspector } from '@weir/engine';
import fc from 'fast-check';
import { type TestResult, passed, runTests } from './run-tests';

const CONTRACT = `apiVersion: v3.1.0
kind: DataContract
id: events
version: 1.0.0
status: active
schema:
  - name: events
    customProperties: [{ property: weirSequence, value: seq }, { property: weirDelete, value: "name = 'gone'" }]
    properties:
      - { name: id, logicalType: integer, primaryKey: true }
      - { name: seq, logicalType: integer, required: true }
      - { name: name, logicalType: string }
      - name: cents
        logicalType: number
        physicalType: decimal(12,2)
        quality: [{ name: not_negative, type: custom, engine: weir, implementation: { row: cents >= 0 } }]
      - { name: happened, logicalType: timestamp }
`;

const MODELS = {
  'silver/clean': "select id, seq, name, cents * 2 as twice, length(coalesce(name, '')) > 2 as long, cast(happened as date) as day from bronze.events where cents is not null",
  'silver/long': 'select id, seq, twice + 0.5 as more, _weir_row_id as row_id from silver.clean where long',
  'gold/sorted': 'select name, sum(twice) as total, avg(twice) as mean from silver.clean group by name order by total desc nulls last, name',
  'gold/casts': 'select id, seq, cast(name as bigint) as number from bronze.events',
};

const SETTINGS = 'models:\n  clean: { key: [id] }\n  long: { key: [id] }\n  casts: { key: [id] }\n  sorted: { over: history }\n';

let definition: Definition;
beforeAll(async () => {
  const pipeline = `name: events\nmode: realtime\nsource: { dataset: events, type: kafka, topic: events }\n${SETTINGS}destinations:\n  - { connection: warehouse, schema: events }\n`;
  const models = Object.entries(MODELS).map(([name, text]) => ({ path: `models/${name}.sql`, text }));
  const compiled = await compileDefinition([{ path: 'pipeline.yaml', text: pipeline }, { path: 'contract.odcs.yaml', text: CONTRACT }, ...models], '/nowhere', inspector, { newest: () => Promise.resolve(undefined), names: () => Promise.resolve([]) });
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems, undefined, 1));
  definition = compiled.definition;
});

/** JSON is YAML. */
function testOf(test: object): ModelTest {
  const parsed = parseModelTests({ path: 'tests/a.yaml', text: JSON.stringify({ tests: [{ name: 't', ...test }] }) }, definition, new Map());
  if ('problems' in parsed || !parsed.tests[0]) throw new Error(JSON.stringify(parsed));
  return parsed.tests[0];
}

async function run(test: object): Promise<TestResult[]> {
  const { results, problems } = await runTests(definition, [{ path: 'tests/a.yaml', tests: [testOf(test)] }]);
  expect(problems).toEqual([]);
  return results;
}

/** Modes of a test, each with what came of it. */
async function outcome(test: object): Promise<string[]> {
  return (await run(test)).map((result) => `${result.mode} ${passed(result) ? 'passed' : (result.error?.code ?? result.differences.map(({ kind }) => kind).join())}`);
}

interface Event {
  readonly id: number;
  readonly seq: number;
  readonly name: string | null;
  /** Hundredths. */
  readonly cents: bigint | null;
  readonly happened: string | null;
}

const texts = fc.oneof(fc.constantFrom('', 'gone', 'a,b', '"', 'x\ny', 'né', "it's", '\\.', 'null'), fc.string({ unit: 'grapheme', maxLength: 6 }).filter((text) => !/[\0\uD800-\uDFFF]/u.test(text)));
const events = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: -1e9, max: 1e9 }),
    seq: fc.integer({ min: 0, max: 99 }),
    name: fc.option(texts),
    cents: fc.option(fc.bigInt({ min: -99_999n, max: 9_999_999_999n })),
    happened: fc.option(fc.date({ min: new Date('0002-01-01'), max: new Date('9999-01-01'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 19))),
  }),
  { selector: ({ id }) => id, maxLength: 12 },
);

function decimal(hundredths: bigint): string {
  const digits = String(hundredths < 0n ? -hundredths : hundredths).padStart(3, '0');
  return `${hundredths < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function given(rows: readonly Event[]): object[] {
  return rows.map(({ cents, ...row }) => ({ ...row, cents: cents === null ? null : decimal(cents) }));
}

/** What silver.clean must give, told by JavaScript alone. */
function clean(rows: readonly Event[]) {
  return rows.flatMap(({ id, seq, name, cents, happened }) => (cents === null || name === 'gone' ? [] : [{ id, seq, name, twice: decimal(cents * 2n), long: Array.from(name ?? '').length > 2, day: happened?.slice(0, 10) ?? null }]));
}

describe('a model over rows', () => {
  test('gives in batch and in micro-batch what an oracle says of random rows', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (drawn) => {
        const rows: Event[] = [...drawn, { id: 2e9, seq: 1, name: 'gone', cents: 1n, happened: null }];
        const cleaned = clean(rows);
        expect(await outcome({ model: 'silver.clean', given: { 'bronze.events': given(rows) }, expect: cleaned })).toEqual(['batch passed', 'micro-batch passed']);
        const more = cleaned.filter(({ long }) => long).map(({ id, seq, twice }) => ({ id, seq, more: decimal(BigInt(twice.replace('.', '')) + 50n) }));
        expect(await outcome({ model: 'silver.long', given: { 'bronze.events': given(rows) }, expect: more })).toEqual(['batch passed', 'micro-batch passed']);
        expect(await outcome({ model: 'silver.long', given: { 'silver.clean': cleaned }, expect: more })).toEqual(['batch passed', 'micro-batch passed']);
      }),
      { numRuns: 12 },
    );
  });

  test('fails in both where a row is missing, too many or another', async () => {
    const rows = given([{ id: 1, seq: 1, name: 'abc', cents: 100n, happened: null }, { id: 2, seq: 1, name: null, cents: 250n, happened: '2026-01-01T10:00:00' }]);
    const test = (...expected: object[]) => outcome({ model: 'silver.clean', given: { 'bronze.events': rows }, expect: expected });
    expect(await test({ id: 1, twice: '2.000' }, { id: 2, twice: 5, day: '2026-01-01' })).toEqual(['batch passed', 'micro-batch passed']);
    expect(await test({ id: 1 })).toEqual(['batch unexpected', 'micro-batch unexpected']);
    expect(await test({ id: 1 }, { id: 2 }, { id: 3 })).toEqual(['batch missing', 'micro-batch missing']);
    expect(await test({ id: 1, twice: 2.01 }, { id: 2, name: '' })).toEqual(['batch changed,changed', 'micro-batch changed,changed']);
  });

  test('that fails on a row says where, in both', async () => {
    const results = await run({ model: 'gold.casts', given: { 'bronze.events': given([{ id: 1, seq: 1, name: '7', cents: null, happened: null }, { id: 2, seq: 1, name: 'x', cents: null, happened: null }]) }, expect: [] });
    expect(results.map(({ mode, error }) => [mode, error?.code, error?.place, error?.samples])).toEqual([
      ['batch', 'MODEL_FAILED', 'models/gold/casts.sql:1:17', []],
      ['micro-batch', 'MODEL_FAILED', 'models/gold/casts.sql:1:17', ['events:0:1: gold.casts']],
    ]);
  });
});

describe('a model over history', () => {
  const rows = [{ id: 1, seq: 1, name: 'a', twice: 1.5 }, { id: 2, seq: 1, name: 'b', twice: 9 }, { id: 3, seq: 1, name: 'a', twice: 1 }];
  const sorted = (expected: object[], ordered: boolean) => outcome({ model: 'gold.sorted', given: { 'silver.clean': rows }, ordered, expect: expected });

  test('runs as batch, and keeps the order of its SQL', async () => {
    const [first, second] = [{ name: 'b', total: 9 }, { name: 'a', total: 2.5 }];
    expect(await sorted([first, second], true)).toEqual(['batch passed']);
    expect(await sorted([second, first], true)).toEqual(['batch changed,changed']);
    expect(await sorted([second, first], false)).toEqual(['batch passed']);
  });

  test('has floating numbers compared to twelve digits', async () => {
    expect(await sorted([{ name: 'a', mean: 1.2500000000001 }, { name: 'b' }], false)).toEqual(['batch passed']);
    expect(await sorted([{ name: 'a', mean: 1.25000000001 }, { name: 'b' }], false)).toEqual(['batch changed']);
  });
});

describe('the contract', () => {
  test('has empty text as null, or as itself where the source keeps it, of topics and of files', async () => {
    const tests = [testOf({ model: 'bronze.events', given: { 'raw.events': [{ id: 1, seq: 1, name: '' }, { id: 2, seq: 1, name: null }, { id: 3, seq: '' }] }, quarantined: [{ record: { id: 3, seq: '' }, rules: ['required:seq'] }], expect: [{ id: 1, name: '' }, { id: 2, name: null }] })];
    const files: Definition['source'] = { type: 'file', dataset: 'events', path: '/nowhere/*.csv', layout: CSV_LAYOUT, empty: 'error' };
    const outcomes = async (source: Definition['source']): Promise<boolean[]> => (await runTests({ ...definition, source }, [{ path: 'tests/a.yaml', tests }])).results.map(passed);
    expect(await outcomes({ ...definition.source, emptyText: 'keep' })).toEqual([true, true]);
    expect(await outcomes({ ...files, emptyText: 'keep' })).toEqual([true]);
    expect(await outcomes(definition.source)).toEqual([false, false]);
    expect(await outcomes(files)).toEqual([false]);
  });

  test('reads headers where a record has them as a field', async () => {
    const tests = [testOf({ model: 'bronze.events', given: { 'raw.events': [{ id: 1, seq: 1, $headers: { ce_name: 'a', other: 'b' } }, { id: 2, seq: 1, name: 'of the value' }] }, expect: [{ id: 1, name: 'a' }, { id: 2, name: null }] })];
    const datasets = definition.contract.datasets.map((dataset) => ({ ...dataset, columns: dataset.columns.map((column) => (column.name === 'name' ? { ...column, physicalName: '$headers.ce_name' } : column)) }));
    const { results } = await runTests({ ...definition, contract: { ...definition.contract, datasets } }, [{ path: 'tests/a.yaml', tests }]);
    expect(results.map(passed)).toEqual([true, true]);
  });

  test('judges records in both modes as an oracle does', async () => {
    const amount = fc.oneof(fc.bigInt({ min: -99n, max: 99_999n }).map(decimal), fc.constantFrom('x', '1.234', '', '1e3', '12345678901.00'));
    const records = fc.array(fc.record({ id: fc.option(fc.integer({ min: 1, max: 4 })), seq: fc.integer({ min: 1, max: 1e6 }), cents: fc.option(amount) }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(records, async (drawn) => {
        // Sequences that differ, so that each key has one newest row.
        const given = drawn.map((record, index) => ({ ...record, seq: record.seq * 16 + index }));
        const rulesOf = ({ id, cents }: (typeof given)[number]): string[] => [
          ...(id === null ? ['required:id'] : []),
          ...(cents !== null && cents !== '' && !/^-?\d{1,10}\.\d\d$/.test(cents) ? ['type:cents'] : []),
          ...(cents?.startsWith('-') && Number(cents) < 0 ? ['not_negative'] : []),
        ];
        const good = given.filter((record) => rulesOf(record).length === 0);
        const newest = good.filter(({ id, seq }) => good.every((other) => other.id !== id || other.seq <= seq));
        const quarantined = given.filter((record) => rulesOf(record).length > 0).map((record) => ({ record: { seq: record.seq }, rules: rulesOf(record).sort() }));
        const test = { model: 'bronze.events', given: { 'raw.events': given }, expect: newest.map(({ id, seq, cents }) => ({ id, seq, cents: cents === '' ? null : cents })), quarantined };
        expect(await outcome(test)).toEqual(['batch passed', 'micro-batch passed']);
      }),
      { numRuns: 12 },
    );
  });

  test('fails for a record that is quarantined and was not to be, or for another reason', async () => {
    const test = (quarantined: object[]) => outcome({ model: 'bronze.events', given: { 'raw.events': [{ id: 1, seq: 1, cents: -1 }] }, expect: [], quarantined });
    expect(await test([{ record: { id: 1 } }])).toEqual(['batch passed', 'micro-batch passed']);
    expect(await test([])).toEqual(['batch unexpected', 'micro-batch unexpected']);
    expect(await test([{ record: { id: 1 }, rules: ['required:seq'] }])).toEqual(['batch changed', 'micro-batch changed']);
  });
});

test('values that are not of their type are told with their places, and nothing is run', async () => {
  const test = { name: 't', model: 'silver.clean', given: { 'bronze.events': [{ id: '1.5', cents: 1.234, happened: 'noon' }] }, expect: [{ day: '2026-02-30' }] };
  const { results, problems } = await runTests(definition, [{ path: 'tests/a.yaml', tests: [testOf(test)] }]);
  const place = (value: string): string => `tests/a.yaml:1:${JSON.stringify({ tests: [test] }).indexOf(value) + 1}`;
  expect(results).toEqual([]);
  expect(problems.map(({ code, place, message }) => [code, place, message])).toEqual([
    ['INVALID_VALUE', place('"1.5"'), '`1.5` is not a whole number, and id is BIGINT.'],
    ['INVALID_VALUE', place('1.234'), '`1.234` is not a number of 12 digits, 2 of them after the point, and cents is DECIMAL(12,2).'],
    ['INVALID_VALUE', place('"noon"'), '`noon` is not a time, and happened is TIMESTAMP.'],
    ['INVALID_VALUE', place('"2026'), '`2026-02-30` is not a date, and day is DATE.'],
  ]);
});
