import type { Check, Measure, Threshold } from './check';
import { compileCheck, judge, measureTogether, unmeasured } from './compile-check';
import { formatActual, formatThreshold, withinThreshold } from './threshold';

const check = (measure: Measure, threshold: Threshold, severity: Check['severity'] = 'warning'): Check => ({ id: 'd.c', severity, type: 'completeness', measure, threshold });
const nulls: Measure = { kind: 'nullValues', column: 'c' };

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
    expect(formatThreshold(threshold, 'rows')).toBe(text);
    expect(inside.map((actual) => withinThreshold(actual, threshold))).toEqual(inside.map(() => true));
    expect(outside.map((actual) => withinThreshold(actual, threshold))).toEqual(outside.map(() => false));
  });

  it('shows a number with as many decimals as it takes to see why it failed', () => {
    const threshold = { atMost: 30, unit: 'percent' } as const;
    expect([24.9274, 25, 30.04, 30.0001].map((actual) => formatActual(actual, threshold, 'percent'))).toEqual(['24.9 %', '25 %', '30.04 %', '30.0001 %']);
    expect([0, 1, 1338, 1234567.5].map((actual) => formatActual(actual, { atLeast: 0, unit: 'rows' }, 'rows'))).toEqual(['0 rows', '1 row', '1,338 rows', '1,234,567.5 rows']);
    expect(formatActual(-12.25, { atLeast: 0, unit: 'rows' }, 'value')).toBe('-12.3');
  });
});

describe('the outcome of a check', () => {
  it('takes percent of all rows, and of no rows none', () => {
    const percent = check(nulls, { atMost: 30, unit: 'percent' });
    expect(judge(percent, 'bronze.d', 249, 1000)).toMatchObject({ passed: true, actual: '24.9 %', threshold: 'at most 30 %', dataset: 'bronze.d', severity: 'warning' });
    expect(judge(percent, 'bronze.d', 0, 0)).toMatchObject({ passed: true, actual: '0 %' });
  });

  it('is failed and critical when nothing could be measured, whatever the severity', () => {
    expect(unmeasured(check(nulls, { equal: 0, unit: 'rows' }, 'info'), 'd', 'no such column')).toMatchObject({ passed: false, severity: 'critical', error: 'no such column', threshold: 'exactly 0 rows' });
  });
});

describe('the SQL of checks', () => {
  it('measures all aggregates in one scan', () => {
    const checks = [nulls, { kind: 'rowCount' } as const].map((measure) => compileCheck(check(measure, { equal: 0, unit: 'rows' })));
    expect(measureTogether(checks, 'rel')).toBe('select count(*)::DOUBLE as total, (count(*) filter (where "c" is null))::DOUBLE as c0, (count(*))::DOUBLE as c1 from rel');
  });

  it('quotes what the contract names', () => {
    const hostile = compileCheck(check({ kind: 'invalidValues', column: 'a"; drop', validValues: ["it's"] }, { equal: 0, unit: 'rows' }));
    expect(hostile.aggregate).toBe(`count(*) filter (where ("a""; drop" is not null and not ("a""; drop"::VARCHAR in ('it''s'))))`);
  });
});
