import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { tracing } from '../worker';
import { workflowBundle } from '../testing/bundle';
import { quietRuntime } from '../testing/rig';

const FOLDER = join(__dirname, 'histories');

/** As bin/record-history.mjs wrote it. */
function recorded(file: string): temporal.api.history.v1.IHistory {
  return temporal.api.history.v1.History.fromObject(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as object);
}

describe('recorded histories', () => {
  let bundle: WorkflowBundleOption;
  beforeAll(async () => {
    quietRuntime();
    bundle = await workflowBundle();
  });

  it.each(readdirSync(FOLDER))('replay without a difference: %s', async (file) => {
    const history = recorded(file);
    // A backfill names its children after itself.
    const workflowId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? undefined;
    await expect(Worker.runReplayHistory({ workflowBundle: bundle, plugins: [tracing()] }, history, workflowId)).resolves.toBeUndefined();
  });

  it('do not replay when a step of the run has changed', async () => {
    const history = recorded('success.json');
    const scheduled = history.events?.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'validate');
    Object.assign(scheduled?.activityTaskScheduledEventAttributes?.activityType ?? {}, { name: 'inspect' });
    await expect(Worker.runReplayHistory({ workflowBundle: bundle, plugins: [tracing()] }, history)).rejects.toThrow(/nondetermin/i);
  });

  it('cover the ways a run can go', () => {
    const before = ['cancelled', 'delivery-failed', 'failed-check', 'refresh', 'refresh-shared', 'stage-retry', 'success', 'success-with-refresh'];
    const byHand = ['approved', 'cancelled-by-hand', 'delivery-retry', 'paused-resumed', 'retried-at-once', 'scheduled'];
    const backfills = ['backfill', 'backfill-cancelled', 'backfill-paused'];
    const streams = ['archive', 'archive-lost', 'archive-run', 'archive-run-models', 'realtime-run', 'stream', 'stream-failed'];
    const replays = ['quarantine-replay', 'quarantine-replay-cancelled', 'quarantine-replay-continued'];
    const compactions = ['compaction', 'compaction-all', 'compaction-failed'];
    expect(readdirSync(FOLDER).map((file) => file.replace('.json', ''))).toEqual(expect.arrayContaining([...before, ...byHand, ...backfills, ...streams, ...replays, ...compactions]));
  });
});
