import { WeirError } from '@weir/core';
import { inTransaction } from '@weir/platform';
import { RunStatus, type FinishRunRequest, type FinishRunResponse } from '@weir/rpc';
import type pg from 'pg';
import type { Dependencies } from './dependencies';
import { lockPipeline } from './pipelines';
import { rowsOf } from './rows';
import { lockRun, readRun, type RunRow } from './run-row';

/** Ends that drop what was staged, when nothing was published. */
const DROPPING: ReadonlySet<RunStatus> = new Set([RunStatus.FAILED, RunStatus.CANCELLED]);

/**
 * Ends a run and releases its leases; the first end is kept. What a failed or cancelled run staged is dropped from the lake unless it was published;
 * what it extracted stays, so that another run can begin with it.
 * Repeating it changes nothing, save that a drop which did not finish is finished. Throws RUN_NOT_FOUND, and INVALID_VALUE for a status that is no end.
 */
export async function finishRun({ pool, lake }: Pick<Dependencies, 'pool' | 'lake'>, request: FinishRunRequest): Promise<FinishRunResponse> {
  if (request.status === RunStatus.UNSPECIFIED || request.status === RunStatus.RUNNING) {
    throw new WeirError({ code: 'INVALID_VALUE', message: `A run cannot end as ${request.status}.`, fix: 'Use SUCCEEDED, FAILED, DELIVERY_FAILED or CANCELLED.' });
  }
  const { pipeline } = await readRun(pool, request.runId);
  const ended = await inTransaction(pool, async (client) => {
    await lockPipeline(client, pipeline);
    const run = await lockRun(client, request.runId);
    return run.status === RunStatus.RUNNING ? end(client, request) : run;
  });
  // After the commit: from here on the run cannot publish, so nobody will need these files.
  if (DROPPING.has(ended.status) && ended.snapshot === null) await lake.removeRun(pipeline, request.runId);
  return { status: ended.status };
}

async function end(client: pg.PoolClient, { runId, status, error }: FinishRunRequest): Promise<RunRow> {
  const update = 'update metadata.run set status = $2, error = $3, ended_at = clock_timestamp() where run_id = $1 returning *';
  const [run] = await rowsOf<RunRow>(client, update, [runId, status, error ? JSON.stringify(error) : null]);
  if (!run) throw new WeirError({ code: 'INTERNAL', message: `The end of run ${runId} was not stored.` });
  await rowsOf(client, RELEASE, [runId, run.status !== RunStatus.CANCELLED || run.snapshot !== null]);
  return run;
}

// What a run still held is what it leaves its mark on: one that was taken for dead and ends after its successor holds nothing any more.
const RELEASE = `
  with released as (delete from metadata.lease where run_id = $1 returning pipeline, partition, run_id, fence)
  insert into metadata.outcome (pipeline, partition, run_id, fence)
  select pipeline, partition, run_id, fence from released where $2
  on conflict (pipeline, partition) do update set run_id = excluded.run_id, fence = excluded.fence`;

