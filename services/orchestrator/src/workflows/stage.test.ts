import { ERRORS, WeirError, type ErrorCode } from '@weir/core';
import { decide, type Spent, type StagePolicy } from './stage';

const policy: StagePolicy = { retries: 2, retryDelayMs: 5_000, executionTimeoutMs: 60_000 };
const failed = (code: ErrorCode) => ({ how: 'failed' as const, error: new WeirError({ code, message: 'x' }) });
const fresh: Spent = { counted: 0, elapsedMs: 0, waits: 0, sinceFirstMs: 0 };

describe('the retry policy of stages', () => {
  it('retries a counted code after the delay and counts it', () => {
    expect(decide(failed('ENGINE_FAILED'), fresh, policy)).toEqual({ action: 'retry', delayMs: 5_000, counts: true });
    expect(decide(failed('ENGINE_FAILED'), { ...fresh, counted: 1, elapsedMs: 0 }, policy)).toMatchObject({ action: 'retry' });
  });

  it('gives up on a counted code once the retries are used', () => {
    expect(decide(failed('ENGINE_FAILED'), { ...fresh, counted: 2, elapsedMs: 0 }, policy)).toMatchObject({ action: 'fail', error: { code: 'ENGINE_FAILED' } });
  });

  it('fails at once on every code that only a person can mend, and on transient ones whose time was used up inside the stage', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      if (code === 'PAST_MISSING' || code === 'RUN_LIMIT') continue;
      const expected = ERRORS[code].retry === 'counted' ? 'retry' : 'fail';
      expect([code, decide(failed(code), fresh, policy).action]).toEqual([code, expected]);
    }
  });

  it('starts a lost attempt again at once without counting it, even when no counted retry is left', () => {
    expect(decide({ how: 'lost' }, { ...fresh, counted: 2, elapsedMs: 59_999 }, policy)).toEqual({ action: 'retry', delayMs: 0, counts: false });
  });

  it('takes a lost attempt for a passed deadline when its clock has run out', () => {
    expect(decide({ how: 'lost' }, { ...fresh, counted: 0, elapsedMs: 60_000 }, policy)).toEqual({ action: 'retry', delayMs: 5_000, counts: true });
    expect(decide({ how: 'lost' }, { ...fresh, counted: 2, elapsedMs: 60_000 }, policy)).toMatchObject({ action: 'fail', error: { code: 'DEADLINE' } });
  });

  it('waits for other runs of the pipeline ever longer, up to 10 min at a time and a week in all, and counts nothing', () => {
    const delays = [0, 1, 2, 4, 5, 500].map((waits) => decide(failed('PAST_MISSING'), { ...fresh, counted: 2, waits }, policy));
    expect(delays).toEqual([30_000, 60_000, 120_000, 480_000, 600_000, 600_000].map((delayMs) => ({ action: 'retry', delayMs, counts: false })));
    expect(decide(failed('RUN_LIMIT'), { ...fresh, sinceFirstMs: 7 * 86_400_000 }, policy)).toMatchObject({ action: 'fail', error: { code: 'RUN_LIMIT' } });
  });
});
