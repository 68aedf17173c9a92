import { Context } from '@temporalio/activity';
import { WeirError, isWeirError, toWeirError } from '@weir/core';
import { newestVersion } from '@weir/rpc';
import { COMPACTION, HOUSEKEEPING, desiredSchedule, scheduleIdOf, type ScheduleChange } from '../schedules';
import { attemptStep, type Deps } from './attempt';
import { startCatchup } from './catch-up';
import { bounded } from './failure';
import { applySchedule } from './apply-schedule';
import type { StageCall } from './stage-call';
import { tellStream } from './tell-stream';

/** How one pipeline's schedule was brought to its definition. */
export interface ReconciledSchedule {
  readonly pipeline: string;
  readonly change: ScheduleChange | 'failed';
  readonly cron: string;
  readonly timezone: string;
  /** Why it is paused; empty while it runs. */
  readonly paused: string;
  /** RFC 3339, at most five; empty while it is paused. */
  readonly next: readonly string[];
  /** Why it could not be brought there. */
  readonly error?: string | undefined;
}

export interface ReconcileInput {
  /** Undefined for all pipelines. */
  readonly pipeline?: string | undefined;
}

/**
 * Brings the Temporal Schedules to the newest definitions, starts what fills the gaps of pipelines with catchup, and makes sure of
 * compaction and housekeeping; tells open streams which definition is the newest. Pipelines without a schedule are left out unless theirs was removed. One that fails does not stop the others, and is
 * thrown when it was asked for by name: PIPELINE_NOT_FOUND, or what Temporal says of its cron.
 */
export function reconcileSchedules(deps: Deps) {
  return ({ pipeline }: ReconcileInput): Promise<{ schedules: ReconciledSchedule[] }> =>
    attemptStep('reconcile', { pipeline }, async (call) => {
      for (const own of [COMPACTION, HOUSEKEEPING]) await applySchedule(own.scheduleId, own, undefined);
      const names = pipeline === undefined ? (await deps.clients.definitions.listPipelines({}, call.options)).pipelines.map((one) => one.pipeline) : [pipeline];
      const schedules: ReconciledSchedule[] = [];
      for (const name of names) {
        const reconciled = await reconcileOne(deps, call, name, pipeline !== undefined).catch((error: unknown) => failure(name, error, pipeline !== undefined));
        if (reconciled) schedules.push(reconciled);
      }
      return { schedules };
    });
}

async function reconcileOne(deps: Deps, call: StageCall, pipeline: string, alone: boolean): Promise<ReconciledSchedule | undefined> {
  const { version, definition } = await newestVersion(deps.clients, pipeline, call.options);
  // One that was applied just now may have been realtime before, and its stream must hear that it is not any more.
  if (alone || definition.mode === 'realtime') await tellStream(pipeline, version);
  const desired = desiredSchedule(definition);
  const applied = await applySchedule(scheduleIdOf(pipeline), desired, definition.schedule?.paused);
  if (!applied) return undefined;
  if (desired && applied.present) await startCatchup(deps, call, definition, applied.present);
  const { change, note, next } = applied;
  // The zone of the definition, also where Temporal reads the cron in another one.
  return { pipeline, change, cron: desired?.cron ?? '', timezone: definition.schedule?.timezone ?? '', paused: note, next };
}

/** What is down for all is down for the whole attempt, which is then repeated; the rest is this pipeline's own. */
function failure(pipeline: string, error: unknown, alone: boolean): ReconciledSchedule {
  const cause = isWeirError(error) ? error : toWeirError(error);
  if (alone || cause.retry === 'transient' || Context.current().cancellationSignal.aborted) throw cause;
  return { pipeline, change: 'failed', cron: '', timezone: '', paused: '', next: [], error: `${cause.code}: ${bounded(new WeirError(cause)).message}` };
}
