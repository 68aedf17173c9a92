import type { Interval } from '@weir/core';
import type { Accounts, SegmentSet, UpstreamInput } from '@weir/rpc';

/**
 * What crosses between workflow and activities: references, positions and counters, never rows and never one entry a grain,
 * so that a run over 10,000 grains writes the same history as a run over one.
 */

/** A run as every stage after begin knows it. */
export interface RunRef {
  readonly runId: string;
  readonly pipeline: string;
  readonly definitionVersion: number;
  readonly interval?: Interval | undefined;
  /** Work of a backfill: where a service must choose, live runs go first. */
  readonly background?: boolean | undefined;
  /** Of a realtime pipeline: it brings the tables that the stream writes to what it publishes. */
  readonly restates?: boolean | undefined;
}

/** What every stage activity takes. */
export interface StageInput {
  readonly run: RunRef;
  /** Counts this stage's attempts in the run from 1; several destinations of `load` share the count. */
  readonly attempt: number;
}

/** Counters that the progress query and the run record show. */
export interface StageCounts {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsQuarantined: number;
  readonly milliseconds: number;
}

/** What every stage activity gives back. */
export interface StageResult {
  readonly counts: StageCounts;
}

/** The state of a stage as its heartbeats show it. */
export interface HeartbeatProgress {
  readonly step: string;
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
}

/** The verdict over a stage's checks, as stored and shown. */
export interface Judgement {
  readonly verdict: 'passed' | 'warning' | 'failed';
}

export type { Accounts, SegmentSet, UpstreamInput };
