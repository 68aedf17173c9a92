import { RunKind, RunStatus, Verdict, type Run } from '@weir/rpc';
import { parseRetryStage, retryInput, type RetryStage } from './run-hand';

const interval = { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' };

function run(status: RunStatus, more: Partial<Run> = {}): Run {
  const none = { traceId: '', startedAt: '', endedAt: '', accounts: undefined, verdict: Verdict.UNSPECIFIED, score: undefined, snapshot: 0, error: undefined, backfill: '', retryOf: '' };
  return { ...none, runId: '01a2', workflowId: 'run/retail/2010-12-01_2010-12-02', pipeline: 'retail', definitionVersion: 1, interval, kind: RunKind.BACKFILL, status, ...more };
}

describe('the run that repeats another', () => {
  test.each<[RunStatus, RetryStage | undefined, object]>([
    [RunStatus.FAILED, undefined, { interval, from: 'source', retryOf: '01a2' }],
    [RunStatus.FAILED, 'extract', { interval, from: 'source', retryOf: '01a2' }],
    [RunStatus.FAILED, 'validate', { interval, from: 'raw', retryOf: '01a2' }],
    [RunStatus.CANCELLED, undefined, { interval, from: 'source', retryOf: '01a2' }],
    [RunStatus.CANCELLED, 'validate', { interval, from: 'raw', retryOf: '01a2' }],
    // Left behind by a workflow that was terminated.
    [RunStatus.RUNNING, undefined, { interval, from: 'source', retryOf: '01a2' }],
    [RunStatus.DELIVERY_FAILED, undefined, { from: 'delivery', retryOf: '01a2' }],
    [RunStatus.DELIVERY_FAILED, 'load', { from: 'delivery', retryOf: '01a2' }],
  ])('%s, from %s, is given %j', (status, stage, input) => {
    expect(retryInput(run(status), stage)).toEqual({ pipeline: 'retail', ...input });
  });

  test('of a refresh delivers, which refreshes too', () => {
    expect(retryInput(run(RunStatus.FAILED, { kind: RunKind.REFRESH, interval: undefined }), undefined)).toEqual({ pipeline: 'retail', from: 'delivery' });
  });

  test.each<[RunStatus, RetryStage | undefined, RegExp]>([
    [RunStatus.SUCCEEDED, undefined, /`weir run retail --interval 2010-12-01\/2010-12-02`/],
    [RunStatus.SUCCEEDED, 'validate', /weir run retail/],
    [RunStatus.DELIVERY_FAILED, 'validate', /Leave --from-stage out to deliver, or .*weir run retail/],
    [RunStatus.DELIVERY_FAILED, 'extract', /Leave --from-stage out/],
    [RunStatus.FAILED, 'load', /Leave --from-stage out/],
  ])('%s from %s makes no sense, and the fix says what does', (status, stage, fix) => {
    expect(() => retryInput(run(status), stage)).toThrow(expect.objectContaining({ code: 'NOT_POSSIBLE', place: '01a2', fix: expect.stringMatching(fix) as string }) as Error);
  });

  test('names a pipeline without intervals as it is run', () => {
    expect(() => retryInput(run(RunStatus.SUCCEEDED, { interval: undefined }), undefined)).toThrow(expect.objectContaining({ fix: expect.stringContaining('`weir run retail`') as string }) as Error);
  });

  test('begins with a stage that has one to begin with', () => {
    expect(parseRetryStage('validate')).toBe('validate');
    expect(parseRetryStage(undefined)).toBeUndefined();
    expect(() => parseRetryStage('audit')).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', place: '--from-stage' }) as Error);
  });
});
