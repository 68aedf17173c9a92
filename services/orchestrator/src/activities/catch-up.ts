import { Context } from '@temporalio/activity';
import type { ScheduleDescription } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time';
import { MAX_GRAINS, WeirError, canonicalInstant, grainMs, scheduledInterval, type Definition, type Interval } from '@weir/core';
import { BackfillOnly, BackfillOrder } from '@weir/rpc';
import type { Deps } from './attempt';
import type { StageCall } from './stage-call';

const HOUR_MS = 3_600_000;
/** A schedule whose last tick is longer ago has nothing to catch up with. */
const LOOK_BACK_MS = 400 * 24 * HOUR_MS;

/**
 * Starts the backfill that fills a pipeline's gaps from its start date to its last due tick: those from before the schedule existed
 * and from while it was paused, which Temporal does not catch up with. Nothing happens without catchup, without a gap, while the
 * schedule is paused, or while that backfill is open. A span longer than a backfill may be is filled one part after another.
 */
export async function startCatchup({ clients }: Deps, { options }: StageCall, definition: Definition, present: ScheduleDescription): Promise<void> {
  const { name: pipeline, grain, schedule } = definition;
  if (!schedule?.catchup || !grain || present.state.paused) return;
  const tick = await lastTick(present.scheduleId);
  if (tick === undefined) return;
  const length = grainMs(grain);
  const first = Math.ceil(Date.parse(schedule.startDate ?? present.info.createdAt.toISOString()) / length) * length;
  const end = Math.min(Date.parse(scheduledInterval(tick, grain, 0).end), beforeBuffered(present, grain));
  for (let start = first; start < end; start += MAX_GRAINS * length) {
    const interval = { start: canonicalInstant(start), end: canonicalInstant(Math.min(start + MAX_GRAINS * length, end)) };
    const request = { pipeline, interval, only: BackfillOnly.MISSING, order: BackfillOrder.OLDEST, after: '', limit: 0, backfill: '', changedSources: [] };
    const { selected } = await clients.backfills.planBackfill(request, options);
    if (selected > 0) return startBackfill(pipeline, interval);
  }
}

async function startBackfill(pipeline: string, interval: Interval): Promise<void> {
  const { client, info } = Context.current();
  try {
    await client.workflow.start('pipelineBackfill', {
      workflowId: `backfill/${pipeline}/catchup`,
      taskQueue: info.taskQueue,
      args: [{ pipeline, interval, only: 'missing', reason: 'catchup' }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  } catch (error) {
    throw unavailable(error);
  }
}

/** The last time that matches the schedule, asked in ever longer spans, because an answer is bounded; undefined when there was none. */
async function lastTick(scheduleId: string): Promise<string | undefined> {
  const { client, info } = Context.current();
  const now = Date.now();
  for (let to = now, span = HOUR_MS; now - to < LOOK_BACK_MS; to -= span, span *= 2) {
    const request = { namespace: info.workflowNamespace ?? 'default', scheduleId, startTime: msToTs(to - span), endTime: msToTs(to) };
    const { startTime } = await client.workflowService.listScheduleMatchingTimes(request).catch((error: unknown) => {
      throw unavailable(error);
    });
    const last = startTime.at(-1);
    if (last) return canonicalInstant(tsToMs(last));
  }
  return undefined;
}

/** Where runs that Temporal itself still has to start begin; a backfill would take them away from it. */
function beforeBuffered({ raw, info }: ScheduleDescription, grain: string): number {
  const last = info.recentActions.at(-1);
  if (!last || Number(raw.info?.bufferSize ?? 0) === 0) return Infinity;
  return Date.parse(scheduledInterval(last.scheduledAt.toISOString(), grain, 0).start);
}

function unavailable(error: unknown): WeirError {
  return new WeirError({ code: 'UNAVAILABLE', message: `Temporal did not answer about a schedule: ${(error as Error).message}` }, { cause: error });
}
