import { continueAsNew } from '@temporalio/workflow';
import type { ErrorFields, WeirError } from '@weir/core';
import type { Collected } from '../activities/collect-garbage';
import { allPipelines, ended } from './all-pipelines';
import { fieldsOf, toApplicationFailure } from './failure';
import { parseHousekeepingInput, type HousekeepingRequest } from './housekeeping-request';
import { UNATTENDED, runStage } from './stage';
import { within } from './steps';

/** What was collected of one pipeline. */
export interface HousekeepingEntry {
  /** Empty for temporary files that belong to no run. */
  readonly pipeline: string;
  readonly datasets: Collected['datasets'];
  /** Snapshots below this one can no longer be read; 0 when all can. */
  readonly forgottenBelow: number;
  /** Names of files that the source has not had for long; undefined for none. */
  readonly forgottenFiles?: number | undefined;
  /** What was left out, and why. */
  readonly note?: string | undefined;
  readonly error?: ErrorFields | undefined;
}

/** What a housekeeping did. */
export interface HousekeepingResult {
  readonly dryRun: boolean;
  /** How many pipelines were looked at. */
  readonly pipelines: number;
  readonly failed: number;
  /** In the order of their names; of a great many, only as many as a result can hold. */
  readonly entries: readonly HousekeepingEntry[];
}

/** Pipelines that one execution looks at: far below what a history can hold. */
const PAGE = 100;
/** Bounds of the result: some hundred kilobytes. */
const MAX_ENTRIES = 2_000;
const MAX_DATASETS = 2_000;
const MAX_TEXT = 300;

/** A destination that is away must not hold up a thousand pipelines. */
const HEADS_MS = 10_000;
const COLLECT_MS = 3_600_000;
const RETRY_MS = 60_000;

/**
 * Removes what pipelines no longer need, of one or of all, one after the other; a failure of one does not stop the others. Where a destination does not
 * answer, the snapshots of that pipeline stay, and its entry says so.
 */
export async function housekeeping(input: unknown): Promise<HousekeepingResult> {
  const request = checked(input);
  const rest = request.rest ?? (request.pipeline === undefined ? [...(await allPipelines()), ''] : [request.pipeline]);
  let done = request.done ?? { dryRun: request.dryRun, pipelines: 0, failed: 0, entries: [] };
  for (const pipeline of rest.slice(0, PAGE)) done = added(done, await keep(pipeline, request));
  if (rest.length > PAGE) await continueAsNew<typeof housekeeping>({ ...request, rest: rest.slice(PAGE), done });
  return done;
}

function checked(input: unknown): HousekeepingRequest {
  try {
    return parseHousekeepingInput(input);
  } catch (error) {
    throw toApplicationFailure(error as WeirError);
  }
}

async function keep(pipeline: string, { dryRun, graceMs }: HousekeepingRequest): Promise<HousekeepingEntry> {
  const heads = pipeline === '' ? undefined : await ended(runStage({ retries: 0, retryDelayMs: 0, executionTimeoutMs: HEADS_MS }, UNATTENDED, ({ timeoutMs }) => within(timeoutMs).listHeads({ pipeline })));
  const passedSnapshot = heads?.ok ? heads.value.passedSnapshot : 0;
  const note = heads && !heads.ok ? `Replaced partitions stay, and those that may not have been delivered: ${heads.error.code} ${heads.error.message}`.slice(0, MAX_TEXT) : undefined;
  const policy = { retries: 1, retryDelayMs: RETRY_MS, executionTimeoutMs: COLLECT_MS };
  const outcome = await ended(runStage(policy, UNATTENDED, ({ timeoutMs }) => within(timeoutMs).collectGarbage({ pipeline, dryRun, graceMs, passedSnapshot })));
  if (outcome.ok) return { pipeline, ...outcome.value, note };
  const { code, message, place, fix } = fieldsOf(outcome.error);
  return { pipeline, datasets: [], forgottenBelow: 0, note, error: { code, message: message.slice(0, MAX_TEXT), place, fix } };
}

function added(done: HousekeepingResult, entry: HousekeepingEntry): HousekeepingResult {
  const counted = { ...done, pipelines: done.pipelines + (entry.pipeline === '' ? 0 : 1), failed: done.failed + (entry.error ? 1 : 0) };
  // The folder of temporary files is no pipeline: it is listed when something went.
  if (done.entries.length === MAX_ENTRIES || (entry.pipeline === '' && entry.datasets.length === 0 && !entry.error)) return counted;
  const rows = done.entries.reduce((sum, { datasets }) => sum + datasets.length, 0);
  return { ...counted, entries: [...done.entries, { ...entry, datasets: entry.datasets.slice(0, Math.max(0, MAX_DATASETS - rows)) }] };
}
