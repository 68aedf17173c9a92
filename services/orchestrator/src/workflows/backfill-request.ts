import { WeirError, type Interval } from '@weir/core';
import { invalid, readInterval, readObject, readPipeline, readText, readWord } from './read-input';

/** Which intervals a backfill takes. */
export const BACKFILL_ONLY = ['missing', 'failed', 'stale', 'all'] as const;
export type BackfillOnlyWord = (typeof BACKFILL_ONLY)[number];

/** The order in which it takes them. */
export const BACKFILL_ORDERS = ['oldest', 'newest'] as const;
export type BackfillOrderWord = (typeof BACKFILL_ORDERS)[number];

/** Runs of one backfill that may be open at the same time. */
export const MAX_PARALLELISM = 64;

const MAX_RATE = 6_000;

/** Input of `pipelineBackfill` and `backfillPlan`: what the Temporal command line or `weir backfills` gives. */
export interface BackfillInput {
  readonly pipeline: string;
  /** Half-open, whole grains, at most 10,000 of them. */
  readonly interval: Interval;
  /** `missing` when absent. */
  readonly only?: BackfillOnlyWord | undefined;
  /** `oldest` when absent. */
  readonly order?: BackfillOrderWord | undefined;
  /** 1 to 64; 4 when absent. */
  readonly parallelism?: number | undefined;
  /** Starts a minute at most; no limit when absent. */
  readonly ratePerMinute?: number | undefined;
  /** Why, as a person says it. */
  readonly reason?: string | undefined;
}

/** The input of a backfill, checked and canonical. */
export interface BackfillRequest extends BackfillInput {
  readonly only: BackfillOnlyWord;
  readonly order: BackfillOrderWord;
  readonly parallelism: number;
}

/**
 * Checks an input that came from anywhere and gives its canonical form.
 * Throws MISSING_KEY, UNKNOWN_KEY, INVALID_VALUE or INVALID_INTERVAL; whether the interval fits the grain is metadata's to say.
 */
export function parseBackfillInput(input: unknown): BackfillRequest {
  const fields = readObject(input, 'the input', ['pipeline', 'interval', 'only', 'order', 'parallelism', 'ratePerMinute', 'reason'], EXAMPLE);
  const pipeline = readPipeline(fields, EXAMPLE);
  const interval = readInterval(fields['interval'], EXAMPLE);
  if (!interval) throw new WeirError({ code: 'MISSING_KEY', message: 'The input has no `interval`.', fix: EXAMPLE });
  return {
    pipeline,
    interval,
    only: readWord(fields, 'only', BACKFILL_ONLY) ?? 'missing',
    order: readWord(fields, 'order', BACKFILL_ORDERS) ?? 'oldest',
    parallelism: parallelism(fields['parallelism']),
    ratePerMinute: rate(fields['ratePerMinute']),
    reason: readText(fields, 'reason'),
  };
}

function parallelism(value: unknown): number {
  if (value === undefined || value === null) return 4;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_PARALLELISM) throw invalid('parallelism', value, `Give a whole number from 1 to ${MAX_PARALLELISM}.`);
  return value;
}

function rate(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !(value > 0) || value > MAX_RATE) throw invalid('ratePerMinute', value, `Give a number above 0, at most ${MAX_RATE}, or leave it out.`);
  return value;
}

const EXAMPLE = 'Give an object such as {"pipeline":"retail","interval":{"start":"2010-12-01","end":"2011-12-10"},"parallelism":8}.';
