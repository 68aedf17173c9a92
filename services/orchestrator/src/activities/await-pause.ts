import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes';
import type { RunKey } from './await-run';
import { stoppedFailure } from './failure';

const FIRST_MS = 250;
const LONGEST_MS = 2_000;

/**
 * Waits until every one of some runs has come to a stop: it is closed, or somebody's hand is on it and no activity of it is at
 * work. Ends at once when it is cancelled; Temporal starts it again when its worker is lost.
 */
export function awaitPause() {
  return async ({ runs }: { readonly runs: readonly RunKey[] }): Promise<void> => {
    const { client, cancellationSignal, heartbeat } = Context.current();
    let moving = [...runs];
    try {
      for (let delay = FIRST_MS; moving.length > 0; delay = Math.min(delay * 2, LONGEST_MS)) {
        const moves = await client.withAbortSignal(cancellationSignal, () => Promise.all(moving.map((run) => isMoving(client, run))));
        moving = moving.filter((_, index) => moves[index]);
        heartbeat(moving.length);
        if (moving.length > 0) await sleep(delay, undefined, { signal: cancellationSignal });
      }
    } catch (error) {
      throw cancellationSignal.aborted ? stoppedFailure(cancellationSignal) : error;
    }
  };
}

async function isMoving(client: Client, { workflowId, runId }: RunKey): Promise<boolean> {
  try {
    const { status, searchAttributes, raw } = await client.workflow.getHandle(workflowId, runId).describe();
    if (status.name !== 'RUNNING') return false;
    return searchAttributes[SEARCH_ATTRIBUTES.state.name]?.[0] === 'running' || (raw.pendingActivities ?? []).length > 0;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
