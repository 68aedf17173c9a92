import { WeirError, type Interval } from '@weir/core';
import { invalid, readInterval, readObject, readPipeline, readText, readWord } from './read-input';

/** Words for a run's reason that a caller may give; `refresh` belongs to the refresh workflow. */
export const RUN_KINDS = ['manual', 'scheduled', 'backfill', 'replay', 'restatement'] as const;
export type RunKindWord = (typeof RUN_KINDS)[number];

/** Where a run may begin: with extract, with validate over the raw segments of the run it repeats, or with refresh and load alone. */
export const RUN_STARTS = ['source', 'raw', 'delivery'] as const;
export type RunStartWord = (typeof RUN_STARTS)[number];

/** Input of `pipelineRun`: what the Temporal command line, the UI, a schedule or `weir run` gives. */
export interface PipelineRunInput {
  readonly pipeline: string;
  /** Half-open, whole grains; absent for pipelines without a grain, for scheduled runs, which take it from their scheduled time, and for deliveries. */
  readonly interval?: Interval | undefined;
  /** `manual` when absent. */
  readonly kind?: RunKindWord | undefined;
  /** `source` when absent. */
  readonly from?: RunStartWord | undefined;
  /** Run id of the run that this one repeats; `raw` needs it. */
  readonly retryOf?: string | undefined;
  /** Workflow id of the backfill that this run is part of: the backfill refreshes history models, and live runs go first. */
  readonly backfill?: string | undefined;
}

/** The input of a run, checked and canonical. */
export interface RunRequest extends PipelineRunInput {
  readonly kind: RunKindWord;
  readonly from: RunStartWord;
}

/** Input of `refresh`. */
export interface RefreshInput {
  readonly pipeline: string;
  /** Runs that a predecessor in the same chain did not cover. */
  readonly waiting?: readonly RefreshRequest[] | undefined;
}

/** A run that waits for a refresh of everything up to its snapshot. */
export interface RefreshRequest {
  readonly workflowId: string;
  readonly runId: string;
  readonly snapshot: number;
}

/**
 * Checks an input that came from anywhere and gives its canonical form.
 * Throws MISSING_KEY, UNKNOWN_KEY, INVALID_VALUE or INVALID_INTERVAL; whether the interval fits the grain is metadata's to say.
 */
export function parseRunInput(input: unknown): RunRequest {
  const fields = readObject(input, 'the input', ['pipeline', 'interval', 'kind', 'from', 'retryOf', 'backfill'], EXAMPLE);
  const pipeline = readPipeline(fields, EXAMPLE);
  const kind = readWord(fields, 'kind', RUN_KINDS) ?? 'manual';
  const from = readWord(fields, 'from', RUN_STARTS) ?? 'source';
  const retryOf = readText(fields, 'retryOf');
  if (from === 'raw' && retryOf === undefined) {
    throw new WeirError({ code: 'MISSING_KEY', message: 'The input says `from: raw` and has no `retryOf`.', fix: 'Give the run id whose raw segments are to be used again, or leave `from` out.' });
  }
  return { pipeline, kind, from, retryOf, interval: readInterval(fields['interval'], EXAMPLE), backfill: readText(fields, 'backfill', 1_000) };
}

/** Checks the input of `refresh`; `waiting` is only ever written by the workflow itself. Throws as parseRunInput. */
export function parseRefreshInput(input: unknown): RefreshInput {
  const fields = readObject(input, 'the input', ['pipeline', 'waiting'], EXAMPLE);
  const waiting = fields['waiting'] ?? [];
  if (!Array.isArray(waiting)) throw invalid('waiting', waiting, 'Leave it out.');
  return { pipeline: readPipeline(fields, EXAMPLE), waiting: waiting as RefreshRequest[] };
}

const EXAMPLE = 'Give an object such as {"pipeline":"retail","interval":{"start":"2010-12-01","end":"2010-12-02"}}.';
