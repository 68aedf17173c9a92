import type { CheckOutcome, Severity } from './check';
import { score, verdict } from './verdict';

const outcome = (severity: Severity, passed: boolean): CheckOutcome => ({ check: 'c', dataset: 'd', measure: 'range', samples: [], type: 'accuracy', severity, passed, actual: '', threshold: '' });

describe('the verdict', () => {
  it('is failed by a critical check, flagged by a warning, and left alone by info', () => {
    expect(verdict([outcome('critical', false), outcome('warning', false)])).toBe('failed');
    expect(verdict([outcome('critical', true), outcome('warning', false), outcome('info', false)])).toBe('warning');
    expect(verdict([outcome('critical', true), outcome('info', false)])).toBe('passed');
    expect(verdict([])).toBe('passed');
  });
});

describe('the score', () => {
  it('is the percent of checks that passed, and none where nothing was judged', () => {
    expect(score([outcome('critical', true), outcome('warning', false), outcome('info', true), outcome('info', true)])).toBe(75);
    expect(score([])).toBeUndefined();
  });
});
