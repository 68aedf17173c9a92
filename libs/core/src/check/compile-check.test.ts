import type { Check, Threshold, Unit } from './check';
import { compileCheck, type Found, groupsOf, measureTogether, sumsOverRows } from './compile-check';
import { judge, unmeasured } from './judge';
import type { Measure } from './measure';
import type { MeasureContext } from './primitive/primitive';
import { formatActual, formatThreshold, withinThreshold } from './threshold';

const check = (measure: Measure, threshold: Threshold, severity: Check['severity'] = 'warning'): Check => ({ id: 'd.c', severity, type: 'completeness', measure, threshold });
const nulls: Measure = { kind: 'nullShare', column: 'c' };
const context: MeasureContext = { relation: 'rel', columns: [{ name: 'c', type: 'VARCHAR' }, { name: 'n', type: 'BIGINT' }], until: '2024-01-02T00:00:00Z', history: [], grains: 1, others: new Map() };

describe('a threshold', () => {
  it.each<[string, Omit<Threshold, 'unit'>, number[], number[]]>([
    ['exactly 5 rows', { equal: 5 }, [5], [4, 6]],
    ['not 5 rows', { notEqual: 5 }, [4, 6], [5]],
    ['more than 5 rows', { greaterThan: 5 }, [6], [5]],
    ['at least 5 rows', { atLeast: 5 }, [5], [4]],
    ['less than 5 rows', { lessThan: 5 }, [4], [5]],
    ['at most 1,000 rows', { atMost: 1000 }, [1000], [1001]],
    ['between 2 and 5 rows', { between: [2, 5] }, [2, 5], [1, 6]],
    ['not between 2 and 5 rows', { notBetween: [2, 5] }, [1, 6], [2, 5]],
    ['at least 2 and at most 5 rows', { atLeast: 2, atMost: 5 }, [2, 5], [1, 6]],
    ['at least 1 row', { atLeast: 1 }, [1], [0]],
  ])('says `%s` and holds for what it says', (text, bounds, inside, outside) => {
    const threshold = { ...bounds, unit: 'rows' } as const;
    expect(formatThreshold(threshold)).toBe(text);
    expect(inside.map((actual) => withinThreshold(actual, threshold))).toEqual(inside.map(() => true));
    expect(outside.map((actual) => withinThreshold(actual, threshold))).toEqual(outside.map(() => false));
  });

  it('shows a number with as many decimals as it takes to see why it failed', () => {
    const threshold = { atMost: 30, unit: 'percent' } as const;
    expect([24.9274, 25, 30.04, 30.0001].map((actual) => formatActual(actual, threshold))).toEqual(['24.9 %', '25 %', '30.04 %', '30.0001 %']);
    expect([0, 1, 1338, 1234567.5].map((actual) => formatActual(actual, { atLeast: 0, unit: 'rows' }))).toEqual(['0 rows', '1 row', '1,338 rows', '1,234,567.5 rows']);
    expect(formatActual(-12.25, { atLeast: 0, unit: 'value' })).toBe('-12.3');
  });

  it.each<[Unit, number, string]>([
    ['seconds', 0, '0s'],
    ['seconds', 0.25, '0.25s'],
    ['seconds', 90, '1m 30s'],
    ['seconds', 7_200, '2h'],
    ['seconds', 93_784, '1d 2h'],
    ['seconds', -60, '-1m'],
    ['instant', 1_291_161_600, '2010-12-01T00:00:00Z'],
    ['value', 1e21, '1e+21'],
    ['value', Number.NaN, 'NaN'],
  ])('shows in the unit %s the number %p as %s', (unit, actual, text) => {
    expect(formatActual(actual, { atLeast: 0, unit })).toBe(text);
  });

  it('says what a percentage is of where that is not all rows', () => {
    expect(formatThreshold({ atMost: 5, unit: 'percent', of: 'values' })).toBe('at most 5 % of values');
    expect(formatThreshold({ atMost: 7_200, unit: 'seconds' })).toBe('at most 2h');
  });
});

describe('the outcome of a check', () => {
  const outcome = (threshold: Threshold, found: Found, measure: Measure = nulls) => judge(compileCheck(check(measure, threshold), context), 'bronze.d', found);

  it('takes percent of all rows, or of those that have values, and of no rows none', () => {
    const percent = { atMost: 30, unit: 'percent' } as const;
    expect(outcome(percent, { number: 249, present: 1000, total: 1000 })).toMatchObject({ passed: true, actual: '24.9 %', value: 24.9, threshold: 'at most 30 %', dataset: 'bronze.d', severity: 'warning', rows: 1000, failed: 249 });
    expect(outcome(percent, { number: 0, present: 0, total: 0 })).toMatchObject({ passed: true, actual: '0 %' });
    expect(outcome({ ...percent, of: 'values' }, { number: 200, present: 500, total: 1000 }, { kind: 'set', column: 'c', values: ['x'] })).toMatchObject({ passed: false, actual: '40 % of values', rows: 500 });
  });

  it('has no error of rounding where the share is exact: 7 of 100 are 7 %', () => {
    for (let n = 0; n <= 1000; n++) expect(outcome({ atMost: n / 10, unit: 'percent' }, { number: n, total: 1000 }).passed).toBe(true);
  });

  it('is failed and critical when nothing could be measured, whatever the severity', () => {
    expect(unmeasured(check(nulls, { equal: 0, unit: 'rows' }, 'info'), 'd', 'no such column')).toMatchObject({ passed: false, severity: 'critical', error: 'no such column', threshold: 'exactly 0 rows' });
  });

  it('passes for a number that no rows give, fails for one that no values give, and a dataset without rows is never fresh', () => {
    const mean = { kind: 'statistic', column: 'n', statistic: 'mean' } as const;
    expect(outcome({ atLeast: 1, unit: 'value' }, { number: null, total: 0 }, mean)).toMatchObject({ passed: true, actual: 'no rows' });
    expect(outcome({ atLeast: 1, unit: 'value' }, { number: null, total: 5 }, mean)).toMatchObject({ passed: false, severity: 'warning', actual: 'no values' });
    expect(outcome({ atMost: 60, unit: 'seconds' }, { number: null, total: 0 }, { kind: 'freshness', column: 'n' })).toMatchObject({ passed: false, actual: 'no rows' });
  });
});

describe('the SQL of checks', () => {
  it('measures all that rows and aggregates give in one scan', () => {
    const checks = [nulls, { kind: 'count' } as const, { kind: 'range', column: 'n', min: 1 } as const].map((measure) => compileCheck(check(measure, { equal: 0, unit: 'rows' }), context));
    expect(measureTogether(checks, 'rel')).toBe(
      'select count(*)::DOUBLE as total, (count(*) filter (where "c" is null))::DOUBLE as c0, (count(*))::DOUBLE as c1, (count(*) filter (where ("n" is not null and not ("n" >= 1))))::DOUBLE as c2, (count(*) filter (where "n" is not null))::DOUBLE as p2 from rel',
    );
  });

  it('shares a grouping among measures of the same columns', () => {
    const measures: Measure[] = [{ kind: 'unique', columns: ['c', 'n'] }, { kind: 'distinct', column: 'c' }, { kind: 'unique', columns: ['n', 'c'], count: 'all' }, { kind: 'unique', columns: ['c'] }, { kind: 'unique', columns: ['c'], skip: 'none' }];
    const groups = groupsOf(measures.map((measure) => compileCheck(check(measure, { equal: 0, unit: 'rows' }), context)));
    expect(groups.map((group) => group.map(({ check: { measure } }) => measures.indexOf(measure)))).toEqual([[0], [1, 3], [2], [4]]);
  });

  it('quotes what the contract names', () => {
    const hostile: MeasureContext = { ...context, columns: [{ name: 'a"; drop', type: 'VARCHAR' }] };
    const { measurement } = compileCheck(check({ kind: 'set', column: 'a"; drop', values: ["it's"] }, { equal: 0, unit: 'rows' }), hostile);
    expect(measurement).toEqual({ by: 'rows', present: '"a""; drop" is not null', failing: `("a""; drop" is not null and not ("a""; drop" in ('it''s')))` });
  });

  it('refuses a measure that this version does not know, as a definition of an older one has it', () => {
    expect(() => compileCheck(check({ kind: 'nullValues', column: 'c' } as unknown as Measure, { equal: 0, unit: 'rows' }), context)).toThrow('apply the pipeline again');
    expect(sumsOverRows(check({ kind: 'nullValues' } as unknown as Measure, { unit: 'rows' }))).toBe(false);
  });
});
