import { isDeepStrictEqual } from 'node:util';
import { formatInterval, scheduledInterval, WeirError, type Definition, type Interval } from '@weir/core';
import type { Lake } from '@weir/lake';
import { inTransaction } from '@weir/platform';
import { RunKind, RunStart, type BeginRunRequest, type BeginRunResponse, type SegmentSet } from '@weir/rpc';
import type pg from 'pg';
import { archivedRaw } from './archived-raw';
import type { Dependencies } from './dependencies';
import { isHistoryBehind } from './history-behind';
import { lockPipeline, readDefinition, type Pipeline } from './pipelines';
import { rawOf, readRepeated } from './repeated-run';
import { replayedRaw } from './replayed-raw';
import { rowsOf, type Queryable } from './rows';
import { assertDue } from './run-due';
import { pinInputs, readInputs } from './run-input';
import { findRun, intervalOf, type RunRow } from './run-row';
import { extendsArchive, isRawOnly, scopeOf, type RunScope } from './run-scope';
import { POSITION, sequenceLeases } from './sequence';

/**
 * Pins the newest definition for a run, the snapshots it reads of other pipelines and the raw segments it begins with, and leases all its partitions, or none
 * of them; a delivery leases nothing. Repeating it for a run gives the same answer.
 * Throws INTERVAL_BUSY with samples [holder's run id, holder's workflow id], RUN_LIMIT and PAST_MISSING for scheduled runs that have to wait, INVALID_INTERVAL, NOT_ADDRESSABLE,
 * PIPELINE_NOT_FOUND, RUN_NOT_FOUND and RAW_EXPIRED for what is to be repeated or is not in the archive, and INVALID_VALUE for ids that cannot be used, a run that was begun as another,
 * or one that would read a stream's topic.
 */
export async function beginRun({ pool, lake }: Pick<Dependencies, 'pool' | 'lake'>, asked: BeginRunRequest): Promise<BeginRunResponse> {
  assertIds(asked);
  return inTransaction(pool, async (client) => {
    const pipeline = await lockPipeline(client, asked.pipeline);
    const known = await findRun(client, asked.runId);
    const definition = await readDefinition(client, asked.pipeline, known?.definition_version ?? pipeline.version);
    const request = { ...asked, startAt: startOf(asked, definition) };
    const repeated = await readRepeated(client, request);
    const asksFor = scopeOf(definition, { ...request, interval: repeated ? repeatedInterval(request, repeated) : askedInterval(request, definition) });
    if (known) return pinned(client, sameRun(known, request, asksFor), definition);
    const scope = { ...asksFor, leased: [...asksFor.leased, ...(await sequenceLeases(client, definition, request, asksFor))] };
    if (request.kind === RunKind.SCHEDULED) await assertDue(client, definition, scope.interval);
    await assertFree(client, request, scope);
    const raw = request.startAt === RunStart.RAW ? await rawFor(client, lake, request, { definition, repeated, scope, pipeline }) : undefined;
    const run = await insertRun(client, request, { scope, pipeline, raw });
    if (request.startAt !== RunStart.DELIVERY) await pinInputs(client, run, definition);
    return pinned(client, run, definition);
  });
}

/** Of a realtime pipeline a run that is not told otherwise begins with what the archive has. */
function startOf({ startAt, kind }: BeginRunRequest, { mode }: Definition): RunStart {
  if (startAt !== RunStart.UNSPECIFIED) return startAt;
  return mode === 'realtime' && kind !== RunKind.REFRESH ? RunStart.RAW : RunStart.SOURCE;
}

interface RawQuestion {
  readonly definition: Definition;
  readonly repeated: RunRow | undefined;
  readonly scope: RunScope;
  readonly pipeline: Pipeline;
}

/** The archive of a stream has whatever was read; elsewhere it is what the repeated run extracted, or what is published. A replay takes some grains of either. */
async function rawFor(client: pg.PoolClient, lake: Lake, { runId, kind }: BeginRunRequest, { definition, repeated, scope: { interval }, pipeline: { snapshot } }: RawQuestion): Promise<SegmentSet | undefined> {
  if (definition.mode === 'realtime') return archivedRaw(client, lake, { runId, definition, interval, snapshot });
  if (kind === RunKind.REPLAY || !repeated) return replayedRaw(client, lake, { runId, definition, interval, snapshot, repeated });
  return rawOf(client, lake, repeated, definition);
}

function repeatedInterval({ kind, interval }: BeginRunRequest, repeated: RunRow): Interval | undefined {
  return kind === RunKind.REPLAY && interval ? interval : intervalOf(repeated);
}

function askedInterval({ kind, interval, scheduledFor }: BeginRunRequest, { grain, lookbackGrains, schedule }: Definition): Interval | undefined {
  if (interval || kind !== RunKind.SCHEDULED || scheduledFor === '' || !grain) return interval;
  return scheduledInterval(scheduledFor, grain, lookbackGrains, schedule?.startDate);
}

/** Run ids become names of folders in the lake. */
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Temporal's own bound on ids. */
const MAX_ID = 1_000;

function assertIds({ runId, workflowId, traceId, backfill, retryOf, scheduledFor, kind }: BeginRunRequest): void {
  if (!RUN_ID.test(runId)) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${runId.slice(0, 200)}\` is not a run id.`, fix: 'Use Temporal’s run id.' });
  for (const [name, text] of Object.entries({ workflow_id: workflowId, trace_id: traceId, backfill, retry_of: retryOf, scheduled_for: scheduledFor })) {
    if (text.length > MAX_ID || text.includes('\0')) throw new WeirError({ code: 'INVALID_VALUE', message: `${name} is longer than ${MAX_ID} characters or has a NUL.` });
  }
  if (kind === RunKind.UNSPECIFIED) throw new WeirError({ code: 'INVALID_VALUE', message: 'A run needs a kind.', fix: 'Set kind, such as RUN_KIND_MANUAL.' });
}

function sameRun(known: RunRow, request: BeginRunRequest, { interval }: RunScope): RunRow {
  const same = known.pipeline === request.pipeline && known.kind === request.kind && known.start_at === request.startAt;
  if (same && known.backfill === request.backfill && known.retry_of === request.retryOf && isDeepStrictEqual(intervalOf(known), interval)) return known;
  const told = [known.kind, known.start_at, known.retry_of && `repeating ${known.retry_of}`, known.backfill && `for ${known.backfill}`].filter(Boolean);
  throw new WeirError({ code: 'INVALID_VALUE', message: `The run ${known.run_id} was begun over ${formatInterval(intervalOf(known))} of ${known.pipeline} (${told.join(', ')}); it cannot become another.` });
}

interface Holder {
  partition: string;
  run_id: string;
  workflow_id: string;
  interval_start: string | null;
  interval_end: string | null;
}

const HOLDER = `
  select l.partition, r.run_id, r.workflow_id, r.interval_start, r.interval_end
  from metadata.lease l join metadata.run r on r.run_id = l.run_id
  where l.pipeline = $1 and l.partition = any ($2::text[])
  order by l.partition limit 1`;

/** The pipeline's row is locked, so what is free here is still free when the leases are inserted. */
async function assertFree(db: Queryable, { pipeline, kind }: BeginRunRequest, { leased, interval }: RunScope): Promise<void> {
  const [holder] = await rowsOf<Holder>(db, HOLDER, [pipeline, leased]);
  if (!holder) return;
  throw new WeirError({
    code: 'INTERVAL_BUSY',
    message: `Cannot lease ${shown(interval, pipeline, kind)}: the workflow ${holder.workflow_id} (run ${holder.run_id}) holds ${shown(intervalOf(holder), pipeline, kind)}${holder.partition === POSITION ? ', and its source is read in sequence' : ''}.`,
    samples: [holder.run_id, holder.workflow_id],
  });
}

function shown(interval: Interval | undefined, pipeline: string, kind: RunKind): string {
  if (kind === RunKind.REFRESH && !interval) return `the history of ${pipeline}`;
  return interval ? `the interval ${formatInterval(interval)} of ${pipeline}` : `all of ${pipeline}`;
}

const INSERT_RUN = `
  insert into metadata.run (run_id, workflow_id, pipeline, definition_version, interval_start, interval_end, kind, trace_id, began_at_snapshot, backfill, retry_of, start_at, raw)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning *`;

interface Pins {
  readonly scope: RunScope;
  readonly pipeline: Pipeline;
  readonly raw: SegmentSet | undefined;
}

async function insertRun(client: pg.PoolClient, request: BeginRunRequest, { scope, pipeline, raw }: Pins): Promise<RunRow> {
  const [run] = await rowsOf<RunRow>(client, INSERT_RUN, [
    request.runId, request.workflowId, request.pipeline, pipeline.version, scope.interval?.start, scope.interval?.end, request.kind, request.traceId, pipeline.snapshot,
    request.backfill, request.retryOf, request.startAt, raw && JSON.stringify(raw),
  ]);
  if (!run) throw new WeirError({ code: 'INTERNAL', message: `The run ${request.runId} was not stored.` });
  await rowsOf(client, 'insert into metadata.lease (pipeline, partition, run_id, fence) select $1, unnest($2::text[]), $3, $4', [request.pipeline, scope.leased, request.runId, run.fence]);
  return run;
}

async function pinned(db: Queryable, run: RunRow, definition: Definition): Promise<BeginRunResponse> {
  const { source, models, destinations, policy, approval } = definition;
  const interval = intervalOf(run);
  return {
    definitionVersion: run.definition_version,
    fence: run.fence,
    hasHistoryModels: run.start_at === RunStart.DELIVERY ? await isHistoryBehind(db, run, definition) : models.some((model) => model.scope === 'history'),
    hasIntervalModels: models.some((model) => model.scope !== 'history'),
    destinations: destinations.length,
    retryDelayMs: policy.retryDelayMs,
    retries: policy.retries,
    executionTimeoutMs: policy.executionTimeoutMs,
    snapshot: run.began_at_snapshot,
    interval,
    raw: run.raw ?? undefined,
    approvalOnWarning: approval === 'warning',
    upstream: await readInputs(db, run.run_id),
    topic: definition.mode === 'realtime' && source.type === 'kafka' ? source.topic : '',
    rawOnly: extendsArchive({ kind: run.kind, interval }) && isRawOnly(definition),
  };
}
