import type { Check, CheckType, Measure, Severity, Threshold } from '@weir/core';
import { Verdict } from '@weir/rpc';
import { HEADER, line, retail, Workbench, type SourceFile } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

const check = (type: CheckType, severity: Severity, measure: Measure, threshold: Threshold): Check => ({ id: type, severity, type, measure, threshold });

/** One check of each of the five types. */
const FIVE: readonly Check[] = [
  check('completeness', 'warning', { kind: 'nullShare', column: 'customer_id' }, { atMost: 25, unit: 'percent' }),
  check('accuracy', 'critical', { kind: 'range', column: 'quantity', min: 1, max: 100 }, { equal: 0, unit: 'rows' }),
  check('consistency', 'warning', { kind: 'row', predicate: "not starts_with(invoice_no, 'C') or quantity < 0" }, { equal: 0, unit: 'rows' }),
  check('timeliness', 'info', { kind: 'freshness', column: 'invoice_date' }, { atMost: 86_400, unit: 'seconds' }),
  check('uniqueness', 'critical', { kind: 'unique', columns: ['invoice_no'] }, { equal: 0, unit: 'rows' }),
];

const DAY = { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' };
const GOOD = [line('1'), line('2'), line('3'), line('4', { 6: '' })];
const file = (lines: readonly string[]): SourceFile => ({ name: 'day.csv', content: [HEADER, ...lines].map((text) => `${text}\n`).join(''), partition: DAY.start });

async function judged(lines: readonly string[], checks = FIVE) {
  bench.definition = { ...retail({ dataset: { checks, rules: [] } }), grain: '1d' };
  return bench.validate([file(lines)], { interval: DAY });
}

it('pass on rows that are right, and tell what they measured', async () => {
  const { result, error } = await judged(GOOD);
  expect(error).toBeUndefined();
  expect(result).toMatchObject({ verdict: Verdict.PASSED, score: 100 });
  expect(result?.checks.map(({ checkType, actual, value, rows, failed, samples }) => [checkType, actual, value, rows, failed, samples])).toEqual([
    ['completeness', '25 %', 25, 4, 1, []],
    ['accuracy', '0 rows', 0, 4, 0, []],
    ['consistency', '0 rows', 0, 4, 0, []],
    ['timeliness', '15h 34m', 56_040, 4, undefined, []],
    ['uniqueness', '0 rows', 0, 4, 0, []],
  ]);
});

it.each<[CheckType, readonly string[], string, readonly string[]]>([
  ['completeness', [...GOOD, line('5', { 6: '' })], '40 %', ['day.csv:5', 'day.csv:6']],
  ['accuracy', [...GOOD, line('5', { 3: '101' })], '1 row', ['day.csv:6']],
  ['consistency', [...GOOD, line('C5')], '1 row', ['day.csv:6']],
  ['timeliness', GOOD.map((text) => text.replace('2010-12-01 08:26', '2010-11-30 08:26')), '1d 15h', []],
  ['uniqueness', [...GOOD, line('2', { 3: '7' })], '1 row', ['(2) occurs 2 times, first at day.csv:3']],
])('of type %s fails on rows that are wrong for it, and only that one', async (type, lines, actual, samples) => {
  const { result, error } = await judged(lines);
  expect(result?.checks.filter(({ passed }) => !passed).map((one) => [one.checkType, one.actual, one.samples])).toEqual([[type, actual, samples]]);
  expect(result?.score).toBe(80);
  const severity = FIVE.find((one) => one.type === type)?.severity;
  expect(result?.verdict).toBe(severity === 'critical' ? Verdict.FAILED : severity === 'warning' ? Verdict.WARNING : Verdict.PASSED);
  expect(error?.code).toBe(severity === 'critical' ? 'CHECK_FAILED' : undefined);
});

it('have no score where there are none, and fail as critical with the reason where one cannot be measured', async () => {
  expect((await judged(GOOD, [])).result).toMatchObject({ verdict: Verdict.PASSED, score: undefined });
  const broken = check('accuracy', 'info', { kind: 'range', column: 'no_such_column', min: 1 }, { equal: 0, unit: 'rows' });
  const { result, error } = await judged(GOOD, [...FIVE, broken]);
  expect(result).toMatchObject({ verdict: Verdict.FAILED, score: (5 / 6) * 100 });
  expect(result?.checks.at(-1)).toMatchObject({ passed: false, severity: 'SEVERITY_CRITICAL', error: expect.stringContaining('no_such_column') });
  expect(error?.code).toBe('CHECK_FAILED');
});

it('name the failing rows of a dataset with a key by their keys and their place', async () => {
  const columns = retail().contract.datasets[0]?.columns.map((column) => (column.name === 'invoice_no' ? { ...column, keyPosition: 2 } : column.name === 'stock_code' ? { ...column, keyPosition: 1 } : column)) ?? [];
  bench.definition = retail({ dataset: { columns, checks: [FIVE[1] ?? check('accuracy', 'info', { kind: 'count' }, { unit: 'rows' })], rules: [] } });
  const { error } = await bench.validate([file([line('1'), line('2', { 1: 'x'.repeat(500), 3: '500' })])]);
  expect(error?.samples).toEqual([`(${'x'.repeat(40)}, 2) at day.csv:3: accuracy`]);
});

it('show five failing rows, and not more', async () => {
  const { result } = await judged(Array.from({ length: 50 }, (_, n) => line(String(n), { 3: '500' })));
  expect(result?.checks.find(({ checkType }) => checkType === 'accuracy')).toMatchObject({ failed: 50, rows: 50, samples: ['day.csv:2', 'day.csv:3', 'day.csv:4', 'day.csv:5', 'day.csv:6'] });
});
