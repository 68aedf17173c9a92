import { WeirError, isWeirError } from '@weir/core';
import type { pipelineBackfill } from '@weir/orchestrator';
import type { Backfill, Clients } from '@weir/rpc';
import { lookUp, type Temporal } from '../temporal';

const WORKFLOW: (typeof pipelineBackfill)['name'] = 'pipelineBackfill';

/** A backfill that a person points at. */
export interface FoundBackfill {
  readonly workflowId: string;
  /** Whether its workflow is at work. */
  readonly open: boolean;
  /** What metadata knows; undefined before the backfill was first recorded. */
  readonly record: Backfill | undefined;
}

/** The id of a pipeline's backfill. */
export function backfillIdOf(pipeline: string, name: string): string {
  return `backfill/${pipeline}/${name}`;
}

/** The ids that a person may mean: a workflow id as it is, `<pipeline>/<name>` as the id that this makes. */
export function candidateIds(text: string): string[] {
  if (text.startsWith('backfill/')) return [text];
  return text.includes('/') ? [`backfill/${text}`, text] : [text];
}

/** A backfill by `<pipeline>/<name>` or its workflow id, as it stands in Temporal and in metadata. Throws BACKFILL_NOT_FOUND. */
export async function findBackfill(temporal: Temporal, clients: Clients, text: string): Promise<FoundBackfill> {
  for (const workflowId of candidateIds(text)) {
    const [found, record] = await Promise.all([lookUp(temporal, { workflowId }), recordOf(clients, workflowId)]);
    const open = found?.open === true && found.type === WORKFLOW;
    if (open || record) return { workflowId, open, record };
  }
  throw new WeirError({ code: 'BACKFILL_NOT_FOUND', place: text, message: `There is no backfill ${text}.`, fix: 'Give <pipeline>/<name> or a workflow id, as `weir backfills list` shows them.' });
}

/** What metadata knows of a backfill; undefined when it knows nothing. */
export async function recordOf(clients: Clients, workflowId: string): Promise<Backfill | undefined> {
  try {
    return (await clients.backfills.getBackfill({ workflowId })).backfill;
  } catch (error) {
    if (isWeirError(error) && error.code === 'BACKFILL_NOT_FOUND') return undefined;
    throw error;
  }
}
