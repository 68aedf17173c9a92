import type { ErrorFields, Interval } from '@weir/core';
import type { ArchiveReport } from './messages';

/** A run with which an archive grew, or tried to. */
export interface ArchiveRun extends Interval {
  readonly workflowId: string;
  /** Records of the topic that it took. */
  readonly records: number;
  /** RFC 3339. */
  readonly endedAt: string;
  /** Code of its error; absent where it succeeded. */
  readonly code?: string | undefined;
}

/** Answer of the `progress` query of an archive. */
export interface ArchiveProgress {
  readonly pipeline: string;
  /** `resting` with a stream that rests, `finishing` with one that was stopped. */
  readonly state: ArchiveReport['state'] | 'resting' | 'finishing';
  /** How far it was behind the end of the topic when it last looked, as a share of what the topic keeps. */
  readonly lagOfRetention: number;
  /** Runs that succeeded and the records that they took, since the archive was started. */
  readonly runs: number;
  readonly records: number;
  /** Runs that failed since the last one that succeeded. */
  readonly failures: number;
  readonly lastRun?: ArchiveRun | undefined;
  /** Of the newest failure; absent once a run has succeeded. */
  readonly lastError?: ErrorFields | undefined;
}

/** What an archive gives back when its stream was stopped. */
export interface ArchiveResult {
  /** Whether it has all that the topic had when it was asked to end. */
  readonly caughtUp: boolean;
}

/** What of it one execution hands to the next. */
export type ArchiveTally = Pick<ArchiveProgress, 'lagOfRetention' | 'runs' | 'records' | 'failures' | 'lastRun' | 'lastError'>;
