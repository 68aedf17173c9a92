import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { pipelineRun } from '../workflows/pipeline-run';
import { failedEnd, succeededEnd, type RunEnd } from '../workflows/run-end';
import { stoppedFailure } from './failure';

/** One execution of a run's workflow. */
export interface RunKey {
  readonly workflowId: string;
  readonly runId: string;
}

/** A run that ended. */
export interface EndedRun extends RunKey {
  readonly end: RunEnd;
}

const HEARTBEAT_MS = 800;

/** Runs that end together, as cancelled ones do, are told together. */
const TOGETHER_MS = 100;

/**
 * Waits until at least one of some runs is closed, however long that takes, and gives the ends of all that are; one that was
 * terminated is closed too. One activity for many runs: a backfill holds one place of the worker, not one for each of them.
 * Ends at once when it is cancelled or its worker shuts down; Temporal starts it again.
 */
export function awaitRuns() {
  return async ({ runs }: { readonly runs: readonly RunKey[] }): Promise<EndedRun[]> => {
    const { client, cancellationSignal, heartbeat } = Context.current();
    const done = new AbortController();
    const stop = AbortSignal.any([cancellationSignal, done.signal]);
    const ended: EndedRun[] = [];
    const heart = setInterval(() => heartbeat(ended.length), HEARTBEAT_MS);
    try {
      await client.withAbortSignal(stop, async () => {
        await Promise.race(runs.map(async (run) => void ended.push({ ...run, end: await endOf(client, run, stop) })));
        await sleep(TOGETHER_MS, undefined, { signal: stop });
      });
      return ended;
    } catch (error) {
      throw cancellationSignal.aborted ? stoppedFailure(cancellationSignal) : error;
    } finally {
      clearInterval(heart);
      done.abort();
    }
  };
}

async function endOf(client: Client, { workflowId, runId }: RunKey, stop: AbortSignal): Promise<RunEnd> {
  try {
    return succeededEnd(await client.workflow.getHandle<typeof pipelineRun>(workflowId, runId, { followRuns: false }).result());
  } catch (error) {
    if (error instanceof WorkflowFailedError) return failedEnd(error.cause);
    if (error instanceof WorkflowNotFoundError) return { how: 'failed', code: 'RUN_NOT_FOUND', message: 'Temporal no longer knows the run.', undelivered: false };
    // Told already: nobody listens to the others.
    if (stop.aborted) return new Promise(() => undefined);
    throw error;
  }
}
