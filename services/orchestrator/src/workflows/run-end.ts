import { WeirError, isErrorCode } from '@weir/core';
import type { RunResult } from './pipeline-run';

/** How a run of a backfill ended. */
export interface RunEnd {
  /** `skipped`: another run holds the interval, so there was nothing to do. */
  readonly how: 'succeeded' | 'failed' | 'cancelled' | 'skipped';
  /** Code of the error of a failed run. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** Whether it published something that is left to deliver: to history models, or to a destination that it could not reach. */
  readonly undelivered: boolean;
}

export const SKIPPED: RunEnd = { how: 'skipped', undelivered: false };

/** Stages that come after publish. */
const DELIVERING: ReadonlySet<string> = new Set(['refresh', 'load']);

/** The parts of Temporal's failures that say how a workflow ended; workflow and activity see the same ones. */
interface Cause {
  readonly name?: string;
  readonly type?: string | null;
  readonly message?: string;
  readonly details?: readonly unknown[] | null;
}

/** Reads the end of a run from what its workflow gave back. */
export function succeededEnd({ delivered }: RunResult): RunEnd {
  return { how: 'succeeded', undelivered: !delivered };
}

/** Reads the end of a run from the cause of the failure with which its workflow closed. */
export function failedEnd(cause: unknown): RunEnd {
  const { name, type, message, details } = (cause ?? {}) as Cause;
  if (name === 'CancelledFailure') return { how: 'cancelled', undelivered: false };
  if (name === 'TerminatedFailure') return { how: 'failed', code: 'LEASE_LOST', message: 'The run was terminated.', undelivered: false };
  if (type === 'INTERVAL_BUSY') return SKIPPED;
  const stage = (details?.[0] as { stage?: string } | undefined)?.stage ?? '';
  return { how: 'failed', code: type ?? 'INTERNAL', message, undelivered: DELIVERING.has(stage) };
}

/** The failure of a backfill whose runs are published and whose delivery did not follow. */
export function undelivered({ workflowId }: { readonly workflowId: string }, { how, code = '', message = '' }: RunEnd): WeirError {
  const known = isErrorCode(code) ? code : how === 'cancelled' ? 'CANCELLED' : 'INTERNAL';
  return new WeirError({ code: known, message: `The intervals are published, but their delivery did not succeed: ${message || known}`, fix: `Mend the cause and retry it: weir runs retry ${workflowId}`, stage: 'load' });
}
