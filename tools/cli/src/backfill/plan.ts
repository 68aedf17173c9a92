import type { BackfillInput, BackfillPlan, backfillPlan } from '@weir/orchestrator';
import { formatInterval } from '@weir/core';
import { randomUUID } from 'node:crypto';
import { execute, type Temporal } from '../temporal';

const WORKFLOW: (typeof backfillPlan)['name'] = 'backfillPlan';

/** Ten thousand intervals are planned in far less, their source compared. */
const PLAN_MS = 120_000;

/** Which intervals a backfill would take now, and why; starts nothing. Throws what the plan ended with, UNAVAILABLE when the orchestrator does not answer. */
export function planOf(temporal: Temporal, input: BackfillInput): Promise<BackfillPlan> {
  // An id of its own: an older plan of the same range would not know what was published since.
  const workflowId = `plan/${input.pipeline}/${formatInterval(input.interval).replace('/', '_')}/${randomUUID()}`;
  return execute<BackfillPlan>(temporal, { workflow: WORKFLOW, workflowId, input, waitMs: PLAN_MS });
}
