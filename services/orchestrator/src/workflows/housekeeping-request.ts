import type { HousekeepingResult } from './housekeeping';
import { invalid, readFlag, readObject, readPipeline } from './read-input';

/** Input of `housekeeping`, all of it optional. */
export interface HousekeepingInput {
  /** All pipelines when absent. */
  readonly pipeline?: string | undefined;
  /** Say what would go, and leave it. */
  readonly dryRun?: boolean | undefined;
  /** What was replaced or written within this time stays; 24 h when absent. */
  readonly graceMs?: number | undefined;
}

/** The same, checked; `rest` and `done` are what an execution leaves to the next one. */
export interface HousekeepingRequest extends HousekeepingInput {
  readonly dryRun: boolean;
  readonly graceMs: number;
  readonly rest?: readonly string[] | undefined;
  readonly done?: HousekeepingResult | undefined;
}

const GRACE_MS = 24 * 3_600_000;
const EXAMPLE = 'Give an object such as {"pipeline":"retail","dryRun":true,"graceMs":86400000}, or {} for all pipelines.';

/** Checks an input that came from anywhere. Throws UNKNOWN_KEY and INVALID_VALUE. */
export function parseHousekeepingInput(input: unknown): HousekeepingRequest {
  const fields = readObject(input ?? {}, 'the input', ['pipeline', 'dryRun', 'graceMs', 'rest', 'done'], EXAMPLE);
  const { graceMs = GRACE_MS } = fields;
  if (typeof graceMs !== 'number' || !Number.isSafeInteger(graceMs) || graceMs < 0) throw invalid('graceMs', graceMs, 'Give whole milliseconds, 0 or more.');
  return {
    pipeline: fields['pipeline'] === undefined ? undefined : readPipeline(fields, EXAMPLE),
    dryRun: readFlag(fields, 'dryRun') ?? false,
    graceMs,
    // Only ever written by the workflow itself.
    rest: fields['rest'] as HousekeepingRequest['rest'],
    done: fields['done'] as HousekeepingRequest['done'],
  };
}
