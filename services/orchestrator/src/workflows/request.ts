import type { Interval } from '@weir/core';
import { invalid, readInterval, readObject, readPipeline, readText, readWord } from './read-input';

/** Words for a run's reason that a caller may give; `refresh` belongs to the refresh workflow. */
export const RUN_KINDS = ['manual', 'scheduled', 'backfill', 'replay', 'restatement'] as const;
export type RunKindWord = (typeof RUN_KINDS)[number];

/** Where a run may begin: with extract, with validate over raw segments (those of the run it repeats, or those that are published), or with refresh and load alone. */
export const RUN_STARTS = ['source', 'raw', 'delivery'] as const;
export type RunStartWord = (typeof RUN_STARTS)[number];

/** Input of `pipelineRun`: what the Temporal command line, the UI, a schedule or `weir run` gives. */
export interface PipelineRunInput {
  readonly pipeline: string;
  /** Half-open, whole grains; absent for pipelines without a grain, for scheduled runs, which take it from their scheduled time, and for deliveries. */
  readonly interval?: Interval | undefined;
  /** `manual` when absent. */
  readonly kind?: RunKindWord | undefined;
  /** `source` when absent; of a realtime pipeline, whose source only its stream and archive read, `raw`. */
  readonly from?: RunStartWord | undefined;
  /** Run id of the run that this one repeats. */
  readonly retryOf?: string | undefined;
  /** Workflow id of the backfill that this run is part of: the backfill refreshes history models, and live runs go first. */
  readonly backfill?: string | undefined;
}

/**
 * A range of offsets of one partition of a log, as histories carry it: partition, from, to, and the greatest timestamps (milliseconds) of the records before
 * `from` and before `to`. Numbers without names, because a run may have a thousand of them and a payload stays below 64 KiB.
 */
export type RangeNumbers = readonly [partition: number, from: number, to: number, greatestBeforeFrom: number, greatestBeforeTo: number];

/** Ranges that one run takes at most. */
export const MAX_RANGES = 1_000;

/** Input of a run that extends the archive of a stream: only ever written by `streamArchive`. */
export interface ArchiveRunInput {
  readonly pipeline: string;
  /** The grains that the ranges touch. */
  readonly interval: Interval;
  /** What is new, every partition once. */
  readonly ranges: readonly RangeNumbers[];
}

/** The input of a run, checked and canonical. */
export interface RunRequest extends Omit<PipelineRunInput, 'kind'> {
  /** `refresh` for a run that extends an archive. */
  readonly kind: RunKindWord | 'refresh';
  readonly ranges?: readonly RangeNumbers[] | undefined;
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
  if (hasRanges(input)) return parseArchiveRun(input);
  const fields = readObject(input, 'the input', ['pipeline', 'interval', 'kind', 'from', 'retryOf', 'backfill'], EXAMPLE);
  const pipeline = readPipeline(fields, EXAMPLE);
  const kind = readWord(fields, 'kind', RUN_KINDS) ?? 'manual';
  const from = readWord(fields, 'from', RUN_STARTS);
  return { pipeline, kind, from, retryOf: readText(fields, 'retryOf'), interval: readInterval(fields['interval'], EXAMPLE), backfill: readText(fields, 'backfill', 1_000) };
}

function hasRanges(input: unknown): input is object {
  return typeof input === 'object' && input !== null && 'ranges' in input;
}

function parseArchiveRun(input: object): RunRequest {
  const example = 'Leave `ranges` out: the workflow streamArchive alone knows them.';
  const fields = readObject(input, 'the input of a run that extends an archive', ['pipeline', 'interval', 'ranges'], example);
  const { ranges } = fields;
  if (!Array.isArray(ranges) || ranges.length === 0 || ranges.length > MAX_RANGES || !ranges.every(isRange)) throw invalid('ranges', ranges, example);
  return { pipeline: readPipeline(fields, EXAMPLE), kind: 'refresh', from: 'source', interval: readInterval(fields['interval'], EXAMPLE), ranges };
}

function isRange(value: unknown): value is RangeNumbers {
  return Array.isArray(value) && value.length === 5 && value.every((number) => Number.isSafeInteger(number) && number >= 0) && value[1] < value[2];
}

/** Checks the input of `refresh`; `waiting` is only ever written by the workflow itself. Throws as parseRunInput. */
export function parseRefreshInput(input: unknown): RefreshInput {
  const fields = readObject(input, 'the input', ['pipeline', 'waiting'], EXAMPLE);
  const waiting = fields['waiting'] ?? [];
  if (!Array.isArray(waiting)) throw invalid('waiting', waiting, 'Leave it out.');
  return { pipeline: readPipeline(fields, EXAMPLE), waiting: waiting as RefreshRequest[] };
}

const EXAMPLE = 'Give an object such as {"pipeline":"retail","interval":{"start":"2010-12-01","end":"2010-12-02"}}.';
