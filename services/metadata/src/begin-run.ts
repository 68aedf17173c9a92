import { isDeepStrictEqual } from 'node:util';
import { formatInterval, WeirError, type Definition, type Interval } from '@weir/core';
import { inTransaction } from '@weir/platform';
import { RunKind, type BeginRunRequest, type BeginRunResponse } from '@weir/rpc';
import type pg from 'pg';
import type { Dependencies } from './dependencies';
import { lockPipeline, readDefinition, type Pipeline } from './pipelines';
import { rowsOf, type Queryable } from './rows';
import { findRun, intervalOf, type RunRow } from './run-row';
import { scopeOf, type RunScope } from './run-scope';

/**
 * Pins the newest definition for a run and leases all its partitions, or none of them. Repeating it for a run gives the same answer.
 * Throws INTERVAL_BUSY with samples [holder's run id, holder's workflow id], INVALID_INTERVAL, PIPELINE_NOT_FOUND, and INVALID_VALUE
 * for ids that cannot be used or a run that was begun with another interval.
 */
export async function beginRun({ pool }: Pick<Dependencies, 'pool'>, request: BeginRunRequest): Promise<BeginRunResponse> {
  assertIds(request);
  return inTransaction(pool, async (client) => {
    const pipeline = await lockPipeline(client, request.pipeline);
    const known = await findRun(client, request.runId);
    const definition = await readDefinition(client, request.pipeline, known?.definition_version ?? pipeline.version);
    const scope = scopeOf(definition, request.kind, request.interval);
    if (known) return pinned(sameRun(known, request, scope), definition);
    await assertFree(client, request, scope);
    return pinned(await insertRun(client, request, scope, pipeline), definition);
  });
}

/** Run ids become names of folders in the lake. */
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Temporal's own bound on ids. */
const MAX_ID = 1_000;

function assertIds({ runId, workflowId, traceId, kind }: BeginRunRequest): void {
  if (!RUN_ID.test(runId)) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${runId.slice(0, 200)}\` is not a run id.`, fix: 'Use Temporal’s run id.' });
  for (const [name, text] of [['workflow_id', workflowId], ['trace_id', traceId]] as const) {
    if (text.length > MAX_ID || text.includes('\0')) throw new WeirError({ code: 'INVALID_VALUE', message: `${name} is longer than ${MAX_ID} characters or has a NUL.` });
  }
  if (kind === RunKind.UNSPECIFIED) throw new WeirError({ code: 'INVALID_VALUE', message: 'A run needs a kind.', fix: 'Set kind, such as RUN_KIND_MANUAL.' });
}

function sameRun(known: RunRow, request: BeginRunRequest, { interval }: RunScope): RunRow {
  if (known.pipeline === request.pipeline && known.kind === request.kind && isDeepStrictEqual(intervalOf(known), interval)) return known;
  throw new WeirError({ code: 'INVALID_VALUE', message: `The run ${known.run_id} was begun as ${known.kind} over ${formatInterval(intervalOf(known))} of ${known.pipeline}; it cannot become another.` });
}

interface Holder {
  run_id: string;
  workflow_id: string;
  interval_start: string | null;
  interval_end: string | null;
}

const HOLDER = `
  select r.run_id, r.workflow_id, r.interval_start, r.interval_end
  from metadata.lease l join metadata.run r on r.run_id = l.run_id
  where l.pipeline = $1 and l.partition = any ($2::text[])
  order by l.partition limit 1`;

/** The pipeline's row is locked, so what is free here is still free when the leases are inserted. */
async function assertFree(db: Queryable, { pipeline, kind }: BeginRunRequest, { leased, interval }: RunScope): Promise<void> {
  const [holder] = await rowsOf<Holder>(db, HOLDER, [pipeline, leased]);
  if (!holder) return;
  throw new WeirError({
    code: 'INTERVAL_BUSY',
    message: `Cannot lease ${shown(interval, pipeline, kind)}: the workflow ${holder.workflow_id} (run ${holder.run_id}) holds ${shown(intervalOf(holder), pipeline, kind)}.`,
    samples: [holder.run_id, holder.workflow_id],
  });
}

function shown(interval: Interval | undefined, pipeline: string, kind: RunKind): string {
  if (kind === RunKind.REFRESH) return `the history of ${pipeline}`;
  return interval ? `the interval ${formatInterval(interval)} of ${pipeline}` : `all of ${pipeline}`;
}

const INSERT_RUN = `
  insert into metadata.run (run_id, workflow_id, pipeline, definition_version, interval_start, interval_end, kind, trace_id, began_at_snapshot)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning *`;

async function insertRun(client: pg.PoolClient, request: BeginRunRequest, { interval, leased }: RunScope, { version, snapshot }: Pipeline): Promise<RunRow> {
  const values = [request.runId, request.workflowId, request.pipeline, version, interval?.start, interval?.end, request.kind, request.traceId, snapshot];
  const [run] = await rowsOf<RunRow>(client, INSERT_RUN, values);
  if (!run) throw new WeirError({ code: 'INTERNAL', message: `The run ${request.runId} was not stored.` });
  await rowsOf(client, 'insert into metadata.lease (pipeline, partition, run_id, fence) select $1, unnest($2::text[]), $3, $4', [request.pipeline, leased, request.runId, run.fence]);
  return run;
}

function pinned(run: RunRow, { models, destinations, policy }: Definition): BeginRunResponse {
  return {
    definitionVersion: run.definition_version,
    fence: run.fence,
    hasHistoryModels: models.some((model) => model.scope === 'history'),
    hasIntervalModels: models.some((model) => model.scope !== 'history'),
    destinations: destinations.length,
    retryDelayMs: policy.retryDelayMs,
    retries: policy.retries,
    executionTimeoutMs: policy.executionTimeoutMs,
    snapshot: run.began_at_snapshot,
  };
}
