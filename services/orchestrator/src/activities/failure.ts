import { CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { WeirError, type ErrorFields } from '@weir/core';
import { WORKER_SHUTDOWN } from '../workflows/agreement';

/** Bounds keep a failure far below Temporal's payload limits whatever a service wrote. */
const MAX_MESSAGE = 2_000;
const MAX_SAMPLE = 300;

/** An error as Temporal carries it: the code is the failure's type, the fields its details. Codes that only a person can mend are not retried. */
export function toFailure(error: WeirError): ApplicationFailure {
  const fields = bounded(error);
  return withoutStack(ApplicationFailure.create({ type: fields.code, message: `${fields.code}: ${fields.message}`, nonRetryable: error.retry === 'never', details: [fields] }));
}

/** Its stack is always the same few lines of this file, with the paths of the machine: no use in a history. */
function withoutStack(failure: ApplicationFailure): ApplicationFailure {
  failure.stack = undefined;
  return failure;
}

/** The error's fields, cut to bounded lengths; causes stay behind. */
export function bounded(error: WeirError): ErrorFields {
  return {
    code: error.code,
    message: error.message.slice(0, MAX_MESSAGE),
    place: error.place?.slice(0, MAX_SAMPLE),
    fix: error.fix.slice(0, MAX_MESSAGE),
    samples: error.samples.map((sample) => sample.slice(0, MAX_SAMPLE)),
    stage: error.stage,
  };
}

/** Why an activity's signal was aborted: its run was cancelled, or its worker shuts down. */
export function stoppedFailure(signal: AbortSignal): CancelledFailure | ApplicationFailure {
  const reason: unknown = signal.reason;
  if (reason instanceof Error && reason.message === WORKER_SHUTDOWN) return withoutStack(ApplicationFailure.create({ type: WORKER_SHUTDOWN, message: 'The worker shuts down.' }));
  return new CancelledFailure('The run was cancelled.');
}

/**
 * An rpc error as the stage should see it. A call that ends without being cancelled by us, or whose stream was reset,
 * lost its server: that is UNAVAILABLE, however the transport names it.
 */
export function seenFromHere(error: WeirError, ownSignal: AbortSignal): WeirError {
  const ended = error.code === 'CANCELLED' && !ownSignal.aborted;
  const reset = error.code === 'INTERNAL' && /RST_STREAM|Received unexpected|stream (was )?(closed|reset)|ECONNRESET/i.test(error.message);
  return ended || reset ? new WeirError({ code: 'UNAVAILABLE', message: error.message, stage: error.stage }, { cause: error }) : error;
}
