import { WorkflowFailedError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, isGrpcCancelledError, isGrpcDeadlineError, isGrpcServiceError } from '@temporalio/client';
import { WeirError, isErrorCode, isWeirError, type ErrorFields } from '@weir/core';

/** gRPC statuses with which the frontend says that it, or the worker behind it, is not there: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const UNREACHABLE: ReadonlySet<number> = new Set([4, 8, 14]);

/**
 * What Temporal's client threw, as a WeirError: a failed workflow or a rejected update with the error that our code gave it, UNAVAILABLE where Temporal or the
 * orchestrator does not answer, anything else as it came. `place` is a workflow id.
 */
export function fromTemporal(error: unknown, place: string): unknown {
  if (isWeirError(error)) return error;
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) return failureOf(error, place);
  if (isSilence(error)) return silence(error, place);
  return error;
}

/** Whether the workflow that was spoken to is not there: it has ended, or never was. */
export function isNotOpen(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowNotFoundError';
}

/** A failure carries the error's code as type and its fields as details; one that was cancelled or terminated carries neither. */
export function failureOf(failure: WorkflowFailedError | WorkflowUpdateFailedError, place?: string): WeirError {
  const cause: (Error & { type?: string | null; details?: unknown[] | null }) | undefined = failure.cause;
  const code = cause?.type ?? '';
  if (isErrorCode(code)) return new WeirError({ place, message: cause?.message ?? code, ...(cause?.details?.[0] as Partial<ErrorFields> | undefined), code }, { cause: failure });
  if (failure instanceof WorkflowUpdateFailedError) return new WeirError({ code: 'INTERNAL', place, message: cause?.message ?? failure.message }, { cause: failure });
  return new WeirError({ code: 'CANCELLED', place, message: `The run did not end by itself: ${cause?.message ?? failure.message}.` }, { cause: failure });
}

function isSilence(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error) || isGrpcCancelledError(error)) return true;
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return isGrpcServiceError(cause) && UNREACHABLE.has(cause.code);
}

function silence(error: unknown, place: string): WeirError {
  return new WeirError({ code: 'UNAVAILABLE', place, message: 'The orchestrator did not answer in time.', fix: 'Look at `weir status`: Temporal and the orchestrator must be healthy. What was asked may still be done when they are.' }, { cause: error });
}
