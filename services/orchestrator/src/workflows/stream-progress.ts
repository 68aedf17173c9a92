import type { ErrorFields } from '@weir/core';
import type { HandView } from './hand-state';
import type { ArchiveReport } from './messages';

/**
 * What a stream does. `starting` until its consumers have been started, and while they are started anew under another definition; `pausing` and `stopping`
 * while they end. `paused` by a person or by the breaker; `failed` after an error that only a person can mend: both wait for `resume`.
 */
export type StreamState = 'starting' | 'running' | 'pausing' | 'paused' | 'failed' | 'stopping' | 'stopped';

/** An error that ended a consumer. */
export interface StreamError extends ErrorFields {
  /** RFC 3339. */
  readonly at: string;
  /** Which consumer; absent for an error of the stream as a whole. */
  readonly member?: number | undefined;
}

/** The archive as its stream knows it; what it does now is told by the query `progress` of its own workflow. */
export interface StreamArchiveView {
  readonly workflowId: string;
  /** `none` before the stream first ran, and while its workflow is started again. */
  readonly state: ArchiveReport['state'] | 'none';
  readonly error?: ErrorFields | undefined;
}

/** Answer of the `progress` query of a stream, and of every update. */
export interface StreamProgress {
  readonly pipeline: string;
  readonly state: StreamState;
  /** When this state began, RFC 3339. */
  readonly since: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** 0 before it is known. */
  readonly definitionVersion: number;
  readonly consumers: {
    readonly wanted: number;
    /** Those that were started and have not ended; their heartbeats say more. */
    readonly running: number;
  };
  /** Consumers that were started in the place of one that was lost or had failed, since the stream began. */
  readonly restarts: number;
  /** Who paused or stopped it, while that holds; `breaker` for the breaker. */
  readonly hand?: HandView | undefined;
  /** The newest, also when it was overcome. */
  readonly lastError?: StreamError | undefined;
  readonly archive: StreamArchiveView;
}

/** Who puts a stream to rest when too many of its rows are refused. */
export const BREAKER = 'breaker';
