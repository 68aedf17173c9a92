import type { CompactionResult } from './compaction';
import { invalid, readFlag, readObject, readPipeline } from './read-input';

/** Input of `compaction`, all of it optional. */
export interface CompactionInput {
  /** All pipelines when absent. */
  readonly pipeline?: string | undefined;
  /** Say what would be rewritten, and leave it. */
  readonly dryRun?: boolean | undefined;
  /** What was published within this time is left for later; 1 h when absent. */
  readonly settleMs?: number | undefined;
}

/** The same, checked; `rest` and `done` are what an execution leaves to the next one. */
export interface CompactionRequest extends CompactionInput {
  readonly dryRun: boolean;
  readonly settleMs: number;
  readonly rest?: readonly string[] | undefined;
  readonly done?: CompactionResult | undefined;
}

/** A grain that is under way is published again and again. */
const SETTLE_MS = 3_600_000;
const EXAMPLE = 'Give an object such as {"pipeline":"retail","dryRun":true,"settleMs":3600000}, or {} for all pipelines.';

/** Checks an input that came from anywhere. Throws UNKNOWN_KEY and INVALID_VALUE. */
export function parseCompactionInput(input: unknown): CompactionRequest {
  const fields = readObject(input ?? {}, 'the input', ['pipeline', 'dryRun', 'settleMs', 'rest', 'done'], EXAMPLE);
  const { settleMs = SETTLE_MS } = fields;
  if (typeof settleMs !== 'number' || !Number.isSafeInteger(settleMs) || settleMs < 0) throw invalid('settleMs', settleMs, 'Give whole milliseconds, 0 or more.');
  return {
    pipeline: fields['pipeline'] === undefined ? undefined : readPipeline(fields, EXAMPLE),
    dryRun: readFlag(fields, 'dryRun') ?? false,
    settleMs,
    // Only ever written by the workflow itself.
    rest: fields['rest'] as CompactionRequest['rest'],
    done: fields['done'] as CompactionRequest['done'],
  };
}
