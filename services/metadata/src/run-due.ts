import { canonicalInstant, formatInterval, grainMs, WeirError, type Definition, type Interval } from '@weir/core';
import { rowsOf, type Queryable } from './rows';

/** Open runs that a RUN_LIMIT names: an error has at most five samples. Of the oldest, because a run that died becomes one of them. */
const NAMED = 2;

interface Named {
  run_id: string;
  workflow_id: string;
}

const OPEN = `
  select run_id, workflow_id from metadata.run
  where pipeline = $1 and status = 'RUN_STATUS_RUNNING' and kind = 'RUN_KIND_SCHEDULED'
  order by fence`;

/**
 * Holds a scheduled run back until it is due. Throws RUN_LIMIT while `maxActiveRuns` scheduled runs of the pipeline are open, with the ids of the oldest
 * two as samples [run id, workflow id, run id, workflow id], so that callers can release those that died; and PAST_MISSING while a pipeline that depends on its past
 * lacks the grain before the interval, with the ids of the newest run over it.
 */
export async function assertDue(db: Queryable, definition: Definition, interval: Interval | undefined): Promise<void> {
  const { name, schedule } = definition;
  if (!schedule) return;
  const open = await rowsOf<Named>(db, OPEN, [name]);
  if (open.length >= schedule.maxActiveRuns) throw runLimit(definition, schedule.maxActiveRuns, open);
  if (schedule.dependsOnPast && interval) await assertPast(db, definition, interval);
}

function runLimit({ name }: Definition, limit: number, open: readonly Named[]): WeirError {
  const [oldest] = open;
  return new WeirError({
    code: 'RUN_LIMIT',
    message: `${open.length} scheduled runs of ${name} are open, and schedule.maxActiveRuns is ${limit}; the oldest is ${oldest?.workflow_id} (run ${oldest?.run_id}).`,
    samples: open.slice(0, NAMED).flatMap((run) => [run.run_id, run.workflow_id]),
  });
}

const PAST = `
  select
    exists (
      select from metadata.partition_version v join metadata.dataset d on d.id = v.dataset_id
      where d.pipeline = $1 and d.name = $2 and v.partition = $3 and v.to_snapshot is null
    ) as live,
    exists (select from metadata.outcome where pipeline = $1 and partition < $4)
      or exists (select from metadata.lease where pipeline = $1 and partition < $4) as tried`;

const NEWEST = `
  select r.run_id, r.workflow_id, r.status from (
    select run_id, fence from metadata.lease where pipeline = $1 and partition = $2
    union all
    select run_id, fence from metadata.outcome where pipeline = $1 and partition = $2
  ) o join metadata.run r on r.run_id = o.run_id
  order by o.fence desc limit 1`;

/** The first interval that was ever tried has no past, and what lies before the start of the schedule is nobody's. */
async function assertPast(db: Queryable, { name, grain, schedule, source }: Definition, interval: Interval): Promise<void> {
  if (!grain) return;
  const before = { start: canonicalInstant(Date.parse(interval.start) - grainMs(grain)), end: interval.start };
  if (schedule?.startDate !== undefined && before.start < schedule.startDate) return;
  const [past] = await rowsOf<{ live: boolean; tried: boolean }>(db, PAST, [name, `bronze.${source.dataset}`, before.start, interval.start]);
  if (past?.live || !past?.tried) return;
  const [newest] = await rowsOf<Named & { status: string }>(db, NEWEST, [name, before.start]);
  throw new WeirError({
    code: 'PAST_MISSING',
    message: `${formatInterval(interval)} of ${name} waits for ${formatInterval(before)}, which is not published: ${newest ? `its newest run ${newest.run_id} (workflow ${newest.workflow_id}) is ${newest.status}` : 'no run has taken it'}.`,
    samples: newest ? [newest.run_id, newest.workflow_id] : [],
  });
}
