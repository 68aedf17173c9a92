import { WeirError } from '@weir/core';
import type { BackfillInput, BackfillProgress, pipelineBackfill } from '@weir/orchestrator';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlreadyStarted, lookUp, query, type Temporal } from '../temporal';

const WORKFLOW: (typeof pipelineBackfill)['name'] = 'pipelineBackfill';

/** How long a started backfill is given to say how many intervals it takes. */
const PLANNING_MS = 15_000;
const POLL_MS = 200;

/** Starts a backfill under an id. Throws NOT_POSSIBLE while one of that id is at work. */
export async function startBackfill({ client, taskQueue }: Temporal, workflowId: string, input: BackfillInput): Promise<void> {
  const options = { taskQueue, workflowId, workflowIdConflictPolicy: 'FAIL', workflowIdReusePolicy: 'ALLOW_DUPLICATE' } as const;
  await client.workflow.start<typeof pipelineBackfill>(WORKFLOW, { ...options, args: [input] }).catch((error: unknown) => {
    if (!isAlreadyStarted(error)) throw error;
    throw new WeirError({
      code: 'NOT_POSSIBLE',
      place: workflowId,
      message: 'This backfill is at work already.',
      fix: `Watch it with \`weir backfills show ${workflowId} --watch\`, or give another --name.`,
    });
  });
}

/** How many intervals a started backfill takes, as soon as it has planned; undefined when it has not said so within 15 s. */
export async function selectedBy(temporal: Temporal, workflowId: string): Promise<number | undefined> {
  for (const until = Date.now() + PLANNING_MS; Date.now() < until; ) {
    const progress = await query<BackfillProgress>(temporal, { workflowId }, 'progress');
    if (progress && progress.state !== 'planning') return progress.selected;
    if (!(await lookUp(temporal, { workflowId }))?.open) return progress?.selected;
    await sleep(POLL_MS);
  }
  return undefined;
}
