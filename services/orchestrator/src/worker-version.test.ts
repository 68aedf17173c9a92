import type { WorkflowHandle } from '@temporalio/client';
import { until } from '@weir/testkit';
import { startRig, type Rig } from './testing/rig';

const DAY = { interval: { start: '2010-12-01', end: '2010-12-02' } };

describe('worker versions', () => {
  let rig: Rig;
  const stops: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await rig.stop();
  });

  /** As `temporal worker deployment set-current-version` does, once the server has seen a worker of it. */
  async function makeCurrent(deploymentName: string, buildId: string): Promise<void> {
    const current = async () => {
      const version = await rig.client.workflowService.setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName, buildId, identity: 'test' }).catch(() => undefined);
      return version !== undefined;
    };
    await until(current, { timeoutMs: 20_000, what: `a worker of build ${buildId}` });
  }

  /** The builds that did the workflow's tasks, in order, each once. */
  async function buildsOf(handle: WorkflowHandle): Promise<string[]> {
    const { events } = await handle.fetchHistory();
    const done = (events ?? []).flatMap(({ workflowTaskCompletedEventAttributes: task }) => (task ? [task.deploymentVersion?.buildId ?? ''] : []));
    return [...new Set(done)];
  }

  it('let a run end on the build it began with, move entities on, and start new runs on the current one', async () => {
    const deploymentName = rig.pipeline();
    const taskQueue = `queue-of-${deploymentName}`;
    const start = (workflow: string, input: object) => rig.client.workflow.start(workflow, { taskQueue, workflowId: `${workflow}-${rig.pipeline()}`, args: [input] });
    let release: () => void = () => undefined;
    const released = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
    rig.far.script = { extract: () => released, transform: () => released };

    stops.push(await rig.addWorker({ taskQueue, version: { deploymentName, buildId: 'one' } }));
    await makeCurrent(deploymentName, 'one');
    const run = await start('pipelineRun', { pipeline: rig.pipeline(), ...DAY });
    const entity = await start('refresh', { pipeline: rig.pipeline() });
    await until(() => rig.far.requests('extract').length === 1 && rig.far.requests('transform').length === 1, { timeoutMs: 20_000, what: 'both at work' });

    stops.push(await rig.addWorker({ taskQueue, version: { deploymentName, buildId: 'two' } }));
    await makeCurrent(deploymentName, 'two');
    const next = await start('pipelineRun', { pipeline: rig.pipeline(), ...DAY });
    await until(() => rig.far.requests('extract').length === 2, { timeoutMs: 20_000, what: 'the next run at work' });
    release();
    await Promise.all([run.result(), entity.result(), next.result()]);
    expect(await buildsOf(run)).toEqual(['one']);
    expect(await buildsOf(next)).toEqual(['two']);
    expect(await buildsOf(entity)).toEqual(['one', 'two']);
  });
});
