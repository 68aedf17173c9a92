import { WeirError, parseInstant, type Interval } from '@weir/core';

/** Words for a run's reason that a caller may give; `refresh` belongs to the refresh workflow. */
export const RUN_KINDS = ['manual', 'scheduled', 'backfill', 'replay', 'restatement'] as const;
export type RunKindWord = (typeof RUN_KINDS)[number];

/** Input of `pipelineRun`: what the Temporal command line, the UI, a schedule or `weir run` gives. */
export interface PipelineRunInput {
  readonly pipeline: string;
  /** Half-open, whole grains; absent for pipelines without a grain. */
  readonly interval?: Interval | undefined;
  /** `manual` when absent. */
  readonly kind?: RunKindWord | undefined;
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
export function parseRunInput(input: unknown): PipelineRunInput & { readonly kind: RunKindWord } {
  const fields = record(input, 'the input', ['pipeline', 'interval', 'kind']);
  const pipeline = pipelineName(fields);
  const kind = fields['kind'] ?? 'manual';
  const known = RUN_KINDS.find((word) => word === kind);
  if (!known) throw invalid('kind', kind, `Use ${RUN_KINDS.join(', ')}.`);
  return { pipeline, kind: known, interval: interval(fields['interval']) };
}

/** Checks the input of `refresh`; `waiting` is only ever written by the workflow itself. Throws as parseRunInput. */
export function parseRefreshInput(input: unknown): RefreshInput {
  const fields = record(input, 'the input', ['pipeline', 'waiting']);
  const waiting = fields['waiting'] ?? [];
  if (!Array.isArray(waiting)) throw invalid('waiting', waiting, 'Leave it out.');
  return { pipeline: pipelineName(fields), waiting: waiting as RefreshRequest[] };
}

function pipelineName(fields: Record<string, unknown>): string {
  const pipeline = fields['pipeline'];
  if (pipeline === undefined) throw new WeirError({ code: 'MISSING_KEY', message: 'The input has no `pipeline`.', fix: EXAMPLE });
  if (typeof pipeline !== 'string' || pipeline === '' || pipeline.length > 200) throw invalid('pipeline', pipeline, EXAMPLE);
  return pipeline;
}

function interval(value: unknown): Interval | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = record(value, 'interval', ['start', 'end']);
  return { start: instant(fields, 'start'), end: instant(fields, 'end') };
}

function instant(fields: Record<string, unknown>, key: 'start' | 'end'): string {
  const value = fields[key];
  if (typeof value !== 'string') {
    throw new WeirError({ code: 'INVALID_INTERVAL', message: `interval.${key} is ${shown(value)}, not a date or time.`, fix: 'Write it as "2010-12-01" or "2010-12-01T10:00:00Z".' });
  }
  return parseInstant(value);
}

function record(value: unknown, what: string, keys: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(what, value, EXAMPLE);
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new WeirError({ code: 'UNKNOWN_KEY', message: `\`${unknown.slice(0, 100)}\` is not a key of ${what}.`, fix: `Its keys are ${keys.join(', ')}.` });
  }
  return value as Record<string, unknown>;
}

const EXAMPLE = 'Give an object such as {"pipeline":"retail","interval":{"start":"2010-12-01","end":"2010-12-02"}}.';

function invalid(what: string, value: unknown, fix: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message: `${what} is ${shown(value)}.`, fix });
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : `\`${(JSON.stringify(value) ?? typeof value).slice(0, 100)}\``;
}
