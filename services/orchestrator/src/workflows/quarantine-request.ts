import { WHOLE, parseInstant } from '@weir/core';
import { invalid, readObject, readPipeline, readText } from './read-input';

const MAX_RATE = 6_000;
const MAX_ROWS = 1_000;

/** Grains a minute where nobody says otherwise: a run of a grain takes about a second, and live runs go first. */
export const DEFAULT_RATE = 60;

/** Which open rows a replay is about; what is absent does not narrow. The grains that hold them are replayed, whole. */
export interface ReplayFilter {
  /** The run that set them aside. */
  readonly run?: string | undefined;
  readonly rule?: string | undefined;
  /** Start of a grain, or `all` of a pipeline without one. */
  readonly grain?: string | undefined;
  /** Numbers of rows, a thousand at most. */
  readonly rows?: readonly number[] | undefined;
  /** Set aside before this time. */
  readonly before?: string | undefined;
}

/** Input of `quarantineReplay`: what the Temporal command line or `weir quarantine replay` gives. */
export interface ReplayInput extends ReplayFilter {
  readonly pipeline: string;
  /** Grains that start a minute at most; 60 when absent. */
  readonly ratePerMinute?: number | undefined;
  /** Why, and who asks, as people say it. */
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
}

/** The input of a replay, checked and canonical. */
export interface ReplayRequest extends ReplayInput {
  readonly ratePerMinute: number;
}

/** Checks an input that came from anywhere and gives its canonical form. Throws MISSING_KEY, UNKNOWN_KEY, INVALID_VALUE or INVALID_INTERVAL. */
export function parseReplayInput(input: unknown): ReplayRequest {
  const fields = readObject(input, 'the input', ['pipeline', 'run', 'rule', 'grain', 'rows', 'before', 'ratePerMinute', 'reason', 'by'], EXAMPLE);
  const pipeline = readPipeline(fields, EXAMPLE);
  const [grain, before] = [readText(fields, 'grain'), readText(fields, 'before')];
  return {
    pipeline,
    run: readText(fields, 'run'),
    rule: readText(fields, 'rule'),
    grain: grain === undefined || grain === WHOLE ? grain : parseInstant(grain),
    rows: rows(fields['rows']),
    before: before === undefined ? undefined : parseInstant(before),
    ratePerMinute: rate(fields['ratePerMinute']),
    reason: readText(fields, 'reason'),
    by: readText(fields, 'by', 100),
  };
}

function rows(value: unknown): number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const isRow = (row: unknown): row is number => Number.isSafeInteger(row) && Number(row) > 0;
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ROWS || !value.every(isRow)) throw invalid('rows', value, `Give a list of 1 to ${MAX_ROWS} numbers of rows, as \`weir quarantine list\` shows them.`);
  return value;
}

function rate(value: unknown): number {
  if (value === undefined || value === null) return DEFAULT_RATE;
  if (typeof value !== 'number' || !(value > 0) || value > MAX_RATE) throw invalid('ratePerMinute', value, `Give a number above 0, at most ${MAX_RATE}, or leave it out.`);
  return value;
}

const EXAMPLE = 'Give an object such as {"pipeline":"retail","rule":"unit_price_not_negative","ratePerMinute":30}.';
