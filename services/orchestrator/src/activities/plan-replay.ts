import { setTimeout as sleep } from 'node:timers/promises';
import { WHOLE, grainFrom, type Interval } from '@weir/core';
import { withoutSpans } from '@weir/platform';
import { newestDefinition, type RowFilter, type TriedGrain } from '@weir/rpc';
import type { ReplayFilter, ReplayRequest } from '../workflows/quarantine-request';
import { attemptStep, type Deps } from './attempt';
import type { StageCall } from './stage-call';

export interface PlanReplayInput {
  readonly request: ReplayRequest;
  /** As the page before gave it; empty for the first. */
  readonly cursor: string;
  /** Grains that the page has at most. */
  readonly limit: number;
}

/** A grain in which rows would land. */
export interface ReplayGrain {
  readonly partition: string;
  /** Undefined for a pipeline without a grain. */
  readonly interval?: Interval | undefined;
  /** The run whose raw segments are newer than what is published. */
  readonly retryOf?: string | undefined;
}

/** A page of a replay. */
export interface PlannedReplay {
  readonly grains: readonly ReplayGrain[];
  /** Rows: looked at, admitted by the newest contract, and of these not archived yet. */
  readonly tried: number;
  readonly landing: number;
  readonly waiting: number;
  /** Empty after the last page. */
  readonly cursor: string;
}

/** How long the archive of a stream is given to pass the rows that are to be replayed. */
const ARCHIVE_MS = 5 * 60_000;
const LOOK_MS = 1_000;

/** Pages of one plan: a pipeline with millions of rows that stay is gone through in several. */
const MAX_PAGES = 100;

/** Quality judges a page of rows in seconds, also with a cold engine. */
const PAGE_MS = 120_000;

/**
 * Tries open rows until enough grains are known in which one would land, or a great many rows were looked at. Of a realtime pipeline it waits until the archive has passed these rows, 5 min at most; grains with rows that it has not passed
 * then are left out. Throws PIPELINE_NOT_FOUND and what TryRows throws.
 */
export function planReplay(deps: Deps) {
  return (input: PlanReplayInput): Promise<PlannedReplay> =>
    attemptStep('plan', { pipeline: input.request.pipeline }, async (call) => {
      const { pipeline } = input.request;
      const { grain, mode } = await newestDefinition(deps.clients, pipeline, call.options);
      const { grains, cursor } = await triedGrains(deps, call, input);
      const tried = sum(grains.map(({ open }) => open));
      const landing = grains.filter((one) => one.landing > 0);
      const late = mode === 'realtime' ? await notArchived(deps, call, pipeline, landing) : [];
      return {
        grains: landing.filter((one) => !late.includes(one)).map(({ partition, retryOf }) => ({ partition, interval: grain === undefined || partition === WHOLE ? undefined : grainFrom(partition, grain), retryOf: mode === 'realtime' ? undefined : retryOf || undefined })),
        tried,
        landing: sum(landing.map((one) => one.landing)),
        waiting: sum(late.map((one) => one.landing)),
        cursor,
      };
    });
}

/** A filter as it travels. */
export function rowFilter({ run = '', rule = '', grain = '', rows = [], before = '' }: ReplayFilter): RowFilter {
  return { runId: run, rule, partition: grain, rows: [...rows], before };
}

async function triedGrains(deps: Deps, call: StageCall, { request, cursor: from, limit }: PlanReplayInput): Promise<{ grains: TriedGrain[]; cursor: string }> {
  const grains = new Map<string, TriedGrain>();
  let cursor = from;
  const left = (): number => limit - [...grains.values()].filter(({ landing }) => landing > 0).length;
  for (let pages = 0; pages < MAX_PAGES && left() > 0; pages += 1) {
    const page = await deps.clients.quarantine.tryRows({ pipeline: request.pipeline, filter: rowFilter(request), cursor, grains: left() }, { ...call.options, timeoutMs: PAGE_MS });
    for (const grain of page.grains) grains.set(grain.partition, together(grains.get(grain.partition), grain));
    cursor = page.cursor;
    if (cursor === '') break;
  }
  return { grains: [...grains.values()], cursor };
}

/** The rows of a grain that goes over pages. */
function together(known: TriedGrain | undefined, more: TriedGrain): TriedGrain {
  if (!known) return more;
  const marks = new Map(known.marks.map(({ log, offset }) => [log, offset]));
  for (const { log, offset } of more.marks) marks.set(log, Math.max(offset, marks.get(log) ?? 0));
  return { ...more, open: known.open + more.open, landing: known.landing + more.landing, marks: [...marks].map(([log, offset]) => ({ log, offset })) };
}

/** The grains with rows that the archive has not passed after all the waiting. */
async function notArchived(deps: Deps, call: StageCall, pipeline: string, grains: readonly TriedGrain[]): Promise<TriedGrain[]> {
  for (const until = performance.now() + ARCHIVE_MS; ; ) {
    const { positions } = await withoutSpans(() => deps.clients.catalog.listPositions({ pipeline }, call.options));
    const next = new Map(positions.map(({ source, value }) => [source, Number(value.split('@')[0])]));
    const late = grains.filter(({ marks }) => marks.some(({ log, offset }) => (next.get(log) ?? 0) <= offset));
    if (late.length === 0 || performance.now() > until) return late;
    await sleep(LOOK_MS, undefined, { signal: call.options.signal });
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
