import { ERRORS, type ErrorCode, NON_RETRYABLE, WeirError, formatError, isErrorCode, isWeirError, toWeirError } from './errors';

const CODES = Object.keys(ERRORS) as ErrorCode[];

/** The status codes of gRPC by their names, as the protocol lists them. */
const GRPC_NAMES = ['CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'];

describe('the error table', () => {
  test.each(CODES)('%s has its texts, a gRPC status and a retry rule', (code) => {
    const { when, fix, grpc, retry } = ERRORS[code];
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(when).toMatch(/^[A-Z].*\.$/);
    expect(fix).toMatch(/^[A-Z].*\.$/);
    expect(GRPC_NAMES).toContain(grpc);
    expect(['transient', 'counted', 'never']).toContain(retry);
  });

  test('gives Temporal every code that is not tried again', () => {
    expect(new Set(NON_RETRYABLE)).toEqual(new Set(CODES.filter((code) => ERRORS[code].retry === 'never')));
    expect(NON_RETRYABLE).not.toContain('UNAVAILABLE');
    expect(NON_RETRYABLE).toContain('CHECK_FAILED');
  });

  test('knows its codes, and nothing that objects inherit', () => {
    expect(isErrorCode('UNKNOWN_KEY')).toBe(true);
    expect([isErrorCode('toString'), isErrorCode('unknown_key'), isErrorCode('')]).toEqual([false, false, false]);
  });
});

describe('WeirError', () => {
  test('takes the fix of the table where the place of failure gives none, and keeps at most five samples', () => {
    const error = new WeirError({ code: 'CHECK_FAILED', message: 'm', samples: ['1', '2', '3', '4', '5', '6'] });
    expect([error.fix, error.samples, error.retry]).toEqual([ERRORS.CHECK_FAILED.fix, ['1', '2', '3', '4', '5'], 'never']);
  });

  test('is recognised from another copy of the module, and everything else becomes INTERNAL', () => {
    const foreign = Object.assign(new Error('m'), { [Symbol.for('weir.error')]: true });
    expect([isWeirError(foreign), isWeirError(new Error('m')), isWeirError(null), isWeirError('m')]).toEqual([true, false, false, false]);
    expect(toWeirError('broken')).toMatchObject({ code: 'INTERNAL', message: 'broken' });
    const cause = new Error('why');
    expect(toWeirError(cause).cause).toBe(cause);
  });
});

describe('the terminal form of an error', () => {
  test('is code and place, what, fix', () => {
    const text = formatError({ code: 'UNKNOWN_KEY', place: 'examples/retail/pipeline.yaml:12:3', message: '`destinaton` is not a key of a pipeline.', fix: 'did you mean `destinations`?' });
    expect(text).toBe('UNKNOWN_KEY  examples/retail/pipeline.yaml:12:3\n  `destinaton` is not a key of a pipeline.\n  Fix: did you mean `destinations`?');
  });

  test('shows samples, leaves out a missing place, and falls back to the fix of the table', () => {
    expect(formatError({ code: 'BUSY', message: 'm', samples: ['a:1: x'] })).toBe(`BUSY\n  m\n    a:1: x\n  Fix: ${ERRORS.BUSY.fix}`);
  });
});
