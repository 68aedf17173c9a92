import { DAYS, DOUBLES, forAllRows, INTEGERS, withTable, type Cell } from '../testing/check-table';

const numbers = (rows: readonly Cell[][]): number[] => rows.flatMap(([v]) => (v === null ? [] : [Number(v)]));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[half] ?? 0) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
}

const ORACLES = {
  min: (values: readonly number[]) => Math.min(...values),
  max: (values: readonly number[]) => Math.max(...values),
  sum,
  mean,
  median,
  stdev: (values: readonly number[]) => Math.sqrt(sum(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1)),
} as const;

it.each(Object.keys(ORACLES) as (keyof typeof ORACLES)[])('is the %s of the values', (statistic) =>
  withTable({ v: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS], async (rows) => {
      const values = numbers(rows);
      const outcome = await table.judge(rows, { kind: 'statistic', column: 'v', statistic }, { atLeast: 1.25, unit: 'value' });
      if (rows.length === 0) expect(outcome).toMatchObject({ passed: true, actual: 'no rows' });
      else if (values.length < (statistic === 'stdev' ? 2 : 1)) expect(outcome).toMatchObject({ passed: false, actual: 'no values' });
      else {
        expect(outcome.value).toBeCloseTo(ORACLES[statistic](values), 9);
        expect(outcome.passed).toBe((outcome.value ?? 0) >= 1.25);
      }
    }),
  ),
);

it('takes NaN for the greatest number, and is not within bounds where it is NaN', () =>
  withTable({ v: 'DOUBLE' }, (table) =>
    forAllRows(table, [DOUBLES], async (rows) => {
      const values = numbers(rows);
      if (values.length === 0) return;
      const outcome = await table.judge(rows, { kind: 'statistic', column: 'v', statistic: 'max' }, { atMost: 1e308, unit: 'value' });
      expect(outcome.value).toBe(values.some(Number.isNaN) ? Number.NaN : Math.max(...values));
      if (values.some(Number.isNaN)) expect(outcome.passed).toBe(false);
    }),
  ));

it('is an instant for dates', () =>
  withTable({ v: 'DATE' }, (table) =>
    forAllRows(table, [DAYS], async (rows) => {
      const days = rows.flatMap(([v]) => (v === null ? [] : [String(v)])).toSorted();
      const [first] = days;
      if (first === undefined) return;
      const bound = Date.parse('2024-02-10') / 1_000;
      expect(await table.judge(rows, { kind: 'statistic', column: 'v', statistic: 'min' }, { atLeast: bound, unit: 'instant' })).toMatchObject({ actual: `${first}T00:00:00Z`, value: Date.parse(first) / 1_000, passed: first >= '2024-02-10', threshold: 'at least 2024-02-10T00:00:00Z' });
    }),
  ));

it('of floating numbers that are too large for it fails as critical, with the reason', () =>
  withTable({ v: 'DOUBLE' }, async (table) => expect(await table.judge([[Number.POSITIVE_INFINITY], [1]], { kind: 'statistic', column: 'v', statistic: 'stdev' }, { atMost: 1, unit: 'value' })).toMatchObject({ passed: false, severity: 'critical', error: expect.stringMatching(/out of range/i) })));
