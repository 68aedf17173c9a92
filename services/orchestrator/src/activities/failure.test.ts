import { WeirError } from '@weir/core';
import { seenFromHere, stoppedFailure, toFailure } from './failure';

const running = new AbortController().signal;

describe('an rpc error as a stage sees it', () => {
  it.each([
    ['CANCELLED', 'ingest: Call cancelled'],
    ['INTERNAL', 'quality: Received RST_STREAM with code 2 (Internal server error)'],
    ['INTERNAL', 'load: read ECONNRESET'],
  ] as const)('is a lost server when nobody here ended the call: %s %s', (code, message) => {
    expect(seenFromHere(new WeirError({ code, message }), running)).toMatchObject({ code: 'UNAVAILABLE', message });
  });

  it('stays what it is otherwise', () => {
    expect(seenFromHere(new WeirError({ code: 'INTERNAL', message: 'quality: a defect' }), running).code).toBe('INTERNAL');
    expect(seenFromHere(new WeirError({ code: 'CANCELLED', message: 'x' }), AbortSignal.abort()).code).toBe('CANCELLED');
  });
});

describe('the failure that leaves an activity', () => {
  it('has the code as type, may be retried as the table says, and has no stack', () => {
    expect(toFailure(new WeirError({ code: 'ENGINE_FAILED', message: 'x' }))).toMatchObject({ type: 'ENGINE_FAILED', nonRetryable: false, message: 'ENGINE_FAILED: x', stack: undefined });
    expect(toFailure(new WeirError({ code: 'HEADER_MISMATCH', message: 'x' }))).toMatchObject({ type: 'HEADER_MISMATCH', nonRetryable: true });
  });

  it('is bounded whatever a service wrote', () => {
    const error = new WeirError({ code: 'MODEL_FAILED', message: 'm'.repeat(1e6), place: 'p'.repeat(1e6), fix: 'f'.repeat(1e6), samples: Array<string>(5).fill('s'.repeat(1e6)) });
    expect(JSON.stringify(toFailure(error).details).length).toBeLessThan(8_192);
  });

  it('tells a cancelled run from a worker that shuts down', () => {
    expect(stoppedFailure(AbortSignal.abort(new Error('CANCELLED')))).toMatchObject({ name: 'CancelledFailure' });
    expect(stoppedFailure(AbortSignal.abort(new Error('WORKER_SHUTDOWN')))).toMatchObject({ type: 'WORKER_SHUTDOWN', nonRetryable: false });
  });
});
