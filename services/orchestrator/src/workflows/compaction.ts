import { continueAsNew } from '@temporalio/workflow';
import type { ErrorFields, WeirError } from '@weir/core';
import type { CompactInput, compact } from '../activities/compact';
import { allPipelines, ended } from './all-pipelines';
import { parseCompactionInput, type CompactionRequest } from './compaction-request';
import { fieldsOf, toApplicationFailure } from './failure';
import { UNATTENDED, runStage } from './stage';
import { within } from './steps';

/** What was compacted of one pipeline. */
export interface CompactionEntry {
  readonly pipeline: string;
  readonly datasets: Awaited<ReturnType<ReturnType<typeof compact>>>['datasets'];
  /** What one of its services ended with; the datasets of the other are done all the same. */
  readonly error?: ErrorFields | undefined;
}

/** What a compaction did. */
export interface CompactionResult {
  readonly dryRun: boolean;
  /** How many pipelines were looked at. */
  readonly pipelines: number;
  readonly failed: number;
  /** Those of which something was rewritten, or failed, in the order of their names; of a great many, only as many as a result can hold. */
  readonly entries: readonly CompactionEntry[];
}

/** Pipelines that one execution looks at: far below what a history can hold. */
const PAGE = 100;
/** Bounds of the result: some hundred kilobytes. */
const MAX_ENTRIES = 1_000;
const MAX_DATASETS = 2_000;
const MAX_TEXT = 300;

/** For a zone of a pipeline. What is done when it is over stays done, and the next day goes on. */
const COMPACT_MS = 3_600_000;
const RETRY_MS = 60_000;

/**
 * Rewrites the published files of pipelines into few sorted ones for each day, of one or of all, one after the other; a failure of one does not stop the others. Runs go on meanwhile: what they publish
 * is left for the next time.
 */
export async function compaction(input: unknown): Promise<CompactionResult> {
  const request = checked(input);
  const rest = request.rest ?? (request.pipeline === undefined ? await allPipelines() : [request.pipeline]);
  let done = request.done ?? { dryRun: request.dryRun, pipelines: 0, failed: 0, entries: [] };
  for (const pipeline of rest.slice(0, PAGE)) done = added(done, await compactPipeline(pipeline, request));
  if (rest.length > PAGE) await continueAsNew<typeof compaction>({ ...request, rest: rest.slice(PAGE), done });
  return done;
}

function checked(input: unknown): CompactionRequest {
  try {
    return parseCompactionInput(input);
  } catch (error) {
    throw toApplicationFailure(error as WeirError);
  }
}

async function compactPipeline(pipeline: string, { dryRun, settleMs }: CompactionRequest): Promise<CompactionEntry> {
  const zone = (of: CompactInput['of']) =>
    ended(runStage({ retries: 1, retryDelayMs: RETRY_MS, executionTimeoutMs: COMPACT_MS }, UNATTENDED, ({ timeoutMs }) => within(timeoutMs).compact({ pipeline, of, dryRun, settleMs })));
  const ends = [await zone('bronze'), await zone('models')];
  const datasets = ends.flatMap((end) => (end.ok ? end.value.datasets : []));
  const failure = ends.find((end) => !end.ok);
  if (failure === undefined || failure.ok) return { pipeline, datasets };
  const { code, message, place, fix } = fieldsOf(failure.error);
  return { pipeline, datasets, error: { code, message: message.slice(0, MAX_TEXT), place, fix } };
}

function added(done: CompactionResult, entry: CompactionEntry): CompactionResult {
  const counted = { ...done, pipelines: done.pipelines + 1, failed: done.failed + (entry.error ? 1 : 0) };
  if (done.entries.length === MAX_ENTRIES || (entry.datasets.length === 0 && !entry.error)) return counted;
  const rows = done.entries.reduce((sum, { datasets }) => sum + datasets.length, 0);
  return { ...counted, entries: [...done.entries, { ...entry, datasets: entry.datasets.slice(0, Math.max(0, MAX_DATASETS - rows)) }] };
}
