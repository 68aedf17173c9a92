import { DAYS, DOUBLES, forAllRows, withTable, type Cell } from '../testing/check-table';

/** The least value that has at least the share of values at or below it; NaN is the greatest number. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? Number.NaN;
}

const outside = (value: number, min: number, max: number): number => Number(value < min || !(value <= max));
const numbers = (rows: readonly Cell[][]): number[] => rows.flatMap(([v]) => (typeof v === 'number' ? [v] : []));

it('counts the quantiles that lie outside of their bounds', () =>
  withTable({ v: 'DOUBLE' }, (table) =>
    forAllRows(table, [DOUBLES], async (rows) => {
      const quantiles = [{ quantile: 0, min: -1, max: 1 }, { quantile: 0.5, min: 0, max: 2 }, { quantile: 0.75, min: 0, max: 100 }, { quantile: 1, max: 1e300 }];
      const outcome = await table.judge(rows, { kind: 'quantileRange', column: 'v', quantiles }, { equal: 0, unit: 'value' });
      const values = numbers(rows);
      if (rows.length === 0) expect(outcome).toMatchObject({ passed: true, actual: 'no rows' });
      else if (values.length === 0) expect(outcome).toMatchObject({ passed: false, actual: 'no values' });
      else expect(outcome.value).toBe(quantiles.reduce((sum, { quantile: share, min = Number.NEGATIVE_INFINITY, max }) => sum + outside(quantile(values, share), min, max), 0));
    }),
  ));

it('says what the quantiles are', () =>
  withTable({ v: 'BIGINT' }, async (table) => {
    const rows = Array.from({ length: 100 }, (_, n) => [n + 1]);
    const outcome = await table.judge(rows, { kind: 'quantileRange', column: 'v', quantiles: [{ quantile: 0.01, min: 1, max: 10 }, { quantile: 0.99, min: 10, max: 50 }] }, { equal: 0, unit: 'value' });
    expect(outcome).toMatchObject({ passed: false, actual: '1 (0.01: 1, 0.99: 99)', threshold: 'exactly 0' });
  }));

it('takes dates', () =>
  withTable({ v: 'DATE' }, (table) =>
    forAllRows(table, [DAYS], async (rows) => {
      const days = rows.flatMap(([v]) => (v === null ? [] : [String(v)])).toSorted();
      const outcome = await table.judge(rows, { kind: 'quantileRange', column: 'v', quantiles: [{ quantile: 0.5, min: '2024-02-10' }] }, { equal: 0, unit: 'value' });
      const median = days[Math.max(1, Math.ceil(days.length / 2)) - 1];
      expect(outcome.passed).toBe(median === undefined ? rows.length === 0 : median >= '2024-02-10');
    }),
  ));
