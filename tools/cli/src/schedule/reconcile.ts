import { isWeirError } from '@weir/core';
import type { ReconciledSchedule, reconcile as Reconcile } from '@weir/orchestrator';
import { randomUUID } from 'node:crypto';
import { colour } from '../output';
import { execute, type Temporal } from '../temporal';
import { readNote } from './schedule';
import { cronWords, pausedWords, when, type Reader } from './schedule-lines';

const RECONCILE: (typeof Reconcile)['name'] = 'reconcile';

/**
 * Makes the schedule of a pipeline what its newest definition says, and starts the catch-up that this asks for. Gives undefined when the orchestrator does not
 * answer within 15 s: what was asked is then done when it is back. Throws what it refuses, such as a cron that Temporal does not take.
 */
export async function reconcile(temporal: Temporal, pipeline: string): Promise<readonly ReconciledSchedule[] | undefined> {
  try {
    // An id of its own: one that is at work may have read the definition before this one was stored.
    return await execute<readonly ReconciledSchedule[]>(temporal, { workflow: RECONCILE, workflowId: `reconcile/${pipeline}/${randomUUID()}`, input: { pipeline } });
  } catch (error) {
    if (isWeirError(error) && error.code === 'UNAVAILABLE') return undefined;
    throw error;
  }
}

/** Next runs that are told. */
const NEXT = 3;

/** What happened to a schedule, with its next three runs; nothing where there is none and was none. */
export function reconciledLines(reconciled: readonly ReconciledSchedule[] | undefined, reader: Reader): string[] {
  if (!reconciled) return [`  ${colour.doubt('Warning')} The orchestrator does not answer. The definition is stored; its schedule follows when the orchestrator is back.`];
  return reconciled.flatMap((one) => {
    const { pipeline, change, paused, next, error } = one;
    if (change === 'failed') return [`  ${colour.doubt('Warning')} The schedule of ${pipeline} could not be brought to its definition: ${error ?? ''}`];
    if (change === 'removed') return [`  ${colour.bad('Schedule removed:')} ${pipeline} runs only when it is started.`];
    const what = { created: colour.good('Schedule created:'), changed: colour.good('Schedule changed:'), paused: colour.doubt('Schedule paused:'), resumed: colour.good('Schedule resumed:'), unchanged: 'Schedule unchanged:' }[change];
    const state = paused === '' ? '' : `, ${pausedWords(readNote(paused))}`;
    return [`  ${what} ${cronWords(one)}${state}`, ...next.slice(0, NEXT).map((time, index) => `    ${index === 0 ? 'next' : '    '} ${when(time, reader)}`)];
  });
}
