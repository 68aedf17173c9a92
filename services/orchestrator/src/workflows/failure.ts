import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow';
import { WeirError, isErrorCode, isWeirError, type ErrorFields } from '@weir/core';
import { WORKER_SHUTDOWN } from './agreement';

/** How an attempt ended: with an error, or because its worker died or shut down, which is nobody's fault and not counted. */
export type AttemptEnd = { readonly how: 'failed'; readonly error: WeirError } | { readonly how: 'lost' };

/** Reads how an activity ended from what Temporal throws for it. */
export function endOf(failure: unknown): AttemptEnd {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  // Nobody cancelled the run (the caller checked that), so a cancelled activity was stopped together with its worker.
  if (cause instanceof CancelledFailure) return { how: 'lost' };
  if (cause instanceof TimeoutFailure && cause.timeoutType === 'HEARTBEAT') return { how: 'lost' };
  if (cause instanceof ApplicationFailure && cause.type === WORKER_SHUTDOWN) return { how: 'lost' };
  return { how: 'failed', error: errorOf(failure) };
}

/** Any failure that a workflow can see, as the platform's error. */
export function errorOf(failure: unknown): WeirError {
  if (isWeirError(failure)) return failure;
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  if (cause instanceof TimeoutFailure) return new WeirError({ code: 'DEADLINE', message: 'The stage took longer than its time.' });
  if (cause instanceof CancelledFailure) return new WeirError({ code: 'CANCELLED', message: 'The run was cancelled.' });
  if (cause instanceof ApplicationFailure && cause.type && isErrorCode(cause.type)) return fromDetails(cause.type, cause);
  return new WeirError({ code: 'INTERNAL', message: cause instanceof Error ? cause.message : String(cause) });
}

/** The failure with which a workflow ends: the code is its type, the error's fields its details. */
export function toApplicationFailure(error: WeirError): ApplicationFailure {
  const failure = ApplicationFailure.create({ type: error.code, message: `${error.code}: ${error.message}`, nonRetryable: true, details: [fieldsOf(error)] });
  failure.stack = undefined;
  return failure;
}

/** The plain, serialisable form of an error. */
export function fieldsOf(error: WeirError): ErrorFields {
  const { code, message, place, fix, samples, stage } = error;
  return { code, message, place, fix, samples, stage };
}

/** The same error, naming the stage it comes from where it did not yet. */
export function inStage(error: WeirError, stage: string): WeirError {
  return new WeirError({ ...fieldsOf(error), stage: error.stage ?? stage });
}

function fromDetails(code: ErrorFields['code'], failure: ApplicationFailure): WeirError {
  const fields = failure.details?.[0] as Partial<ErrorFields> | undefined;
  return new WeirError({ ...fields, code, message: fields?.message ?? failure.message });
}
