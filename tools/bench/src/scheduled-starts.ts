import { setTimeout as delay } from 'node:timers/promises';
import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { hoursOf, TRIVIAL } from './trivial-pipeline';
import { LIVE, TASK_QUEUE, timesOf } from './trivial-runs';

/** Longer than a run takes also beside a backfill, so that few ticks are skipped. */
const EVERY = '3s';
const LOOK_EVERY_MS = 500;
/** A tick in ten seconds at worst: a platform that makes fewer does not work. */
const WITHIN_MS = 10_000;

/** Has a schedule run one hour of the pipeline again and again. Gives for each run the milliseconds from its scheduled time to the end of its first stage. */
export async function scheduledStarts(client: Client, name: string, hour: number, samples: number): Promise<number[]> {
  const scheduleId = `bench/${TRIVIAL}/${name}`;
  // The priority is not in the SDK's type, though it sends it.
  const action = { type: 'startWorkflow' as const, workflowType: 'pipelineRun', workflowId: `run/${TRIVIAL}/${name}`, taskQueue: TASK_QUEUE, args: [{ pipeline: TRIVIAL, kind: 'scheduled', interval: hoursOf(hour, 1) }], priority: LIVE };
  const schedule = await client.schedule.create({
    scheduleId,
    spec: { intervals: [{ every: EVERY }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP },
    action,
  });
  try {
    const deadline = performance.now() + samples * WITHIN_MS;
    while ((await schedule.describe()).info.numActionsTaken < samples) {
      if (performance.now() > deadline) throw new Error(`The schedule started fewer than ${samples} runs.`);
      await delay(LOOK_EVERY_MS);
    }
  } finally {
    await schedule.delete();
  }
  const starts: number[] = [];
  for await (const { workflowId, runId, searchAttributes } of client.workflow.list({ query: `TemporalScheduledById = '${scheduleId}'` })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    await handle.result();
    const [scheduled] = (searchAttributes['TemporalScheduledStartTime'] ?? []) as Date[];
    const { events } = await handle.fetchHistory();
    starts.push(timesOf(events ?? []).begunAt - (scheduled?.getTime() ?? Number.NaN));
  }
  return starts;
}
