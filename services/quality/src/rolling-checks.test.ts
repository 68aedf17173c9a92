import type { Check, Severity } from '@weir/core';
import { RollingChecks, type BatchMeasures } from './rolling-checks';

const check = (id: string, severity: Severity, atMost: number): Check => ({ id, severity, type: 'completeness', measure: { kind: 'nullShare', column: 'n' }, threshold: { atMost, unit: 'percent' } });
const NULLS = check('nulls', 'warning', 10);

let second = 0;
beforeEach(() => {
  second = 1_000;
});
const rolling = (): RollingChecks => new RollingChecks(() => second * 1_000 + 500);
const batch = (rows: number, nulls: number, more: Partial<BatchMeasures> = {}): BatchMeasures => ({ pipeline: 'clicks', contractVersion: '1.0.0', dataset: 'bronze.clicks', checks: [NULLS], rows, counts: [[nulls, rows]], ...more });

it('judges nothing before there are 100 rows, and then at most once a second', () => {
  const checks = rolling();
  expect(checks.add(batch(99, 99)).outcomes).toEqual([]);
  expect(checks.add(batch(1, 0)).outcomes).toMatchObject([{ check: 'nulls', passed: false, actual: '99 %', threshold: 'at most 10 %' }]);
  expect(checks.add(batch(10_000, 0)).outcomes).toEqual([]);
  second++;
  expect(checks.add(batch(1, 1)).outcomes).toMatchObject([{ passed: true, actual: '1 %' }]);
});

it('tells a change once: when a check begins to fail, and when it passes again', () => {
  const checks = rolling();
  const changes: [number, boolean, string, number][] = [];
  for (const nulls of [0, 0, 30, 30, 0, 0, 0, 0]) {
    second += 10;
    changes.push(...checks.add(batch(100, nulls)).changes.map(({ passed, actual, rows }): [number, boolean, string, number] => [second, passed, actual, rows]));
  }
  expect(changes).toEqual([[1_040, false, '15 %', 400], [1_060, true, '10 %', 600]]);
});

it('forgets rows after 60 s', () => {
  const checks = rolling();
  checks.add(batch(100, 100));
  second += 60;
  expect(checks.add(batch(99, 0)).outcomes).toEqual([]);
  second++;
  expect(checks.add(batch(1, 0)).changes).toMatchObject([{ passed: true, actual: '0 %', rows: 100 }]);
});

it('keeps pipelines and versions of a contract apart', () => {
  const checks = rolling();
  checks.add(batch(99, 99));
  expect(checks.add(batch(99, 99, { pipeline: 'views' })).outcomes).toEqual([]);
  expect(checks.add(batch(99, 99, { contractVersion: '2.0.0' })).outcomes).toEqual([]);
  expect(checks.add(batch(1, 1)).changes).toMatchObject([{ pipeline: 'clicks', severity: 'warning', rows: 100 }]);
});

it('judges each check by its own count, also where a new definition has others', () => {
  const checks = rolling();
  const other = check('others', 'critical', 0);
  checks.add(batch(100, 50));
  second++;
  expect(checks.add(batch(100, 0, { checks: [other, NULLS], counts: [[0, 100], [0, 100]] })).outcomes.map(({ check: id, actual }) => [id, actual])).toEqual([['others', '0 %'], ['nulls', '25 %']]);
});
