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
    await expect(Worker.runReplayHistory({ workflowBundle: bundle, plugins: [tracing()] }, recorded(file))).resolves.toBeUndefined();
  });

  it('do not replay when a step of the run has changed', async () => {
    const history = recorded('success.json');
    const scheduled = history.events?.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'validate');
    Object.assign(scheduled?.activityTaskScheduledEventAttributes?.activityType ?? {}, { name: 'inspect' });
    await expect(Worker.runReplayHistory({ workflowBundle: bundle, plugins: [tracing()] }, history)).rejects.toThrow(/nondetermin/i);
  });

  it('cover the ways a run can go', () => {
    expect(readdirSync(FOLDER).map((file) => file.replace('.json', '')).toSorted()).toEqual(['cancelled', 'delivery-failed', 'failed-check', 'refresh', 'refresh-shared', 'stage-retry', 'success', 'success-with-refresh']);
  });
});
