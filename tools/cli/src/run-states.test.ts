import { randomBytes } from 'node:crypto';
import type { RunProgress } from '@weir/orchestrator';
import { RunStatus, type Run } from '@weir/rpc';
import { until } from '@weir/testkit';
import { handLines, waitStates } from './run-states';
import { openTemporal } from './temporal';

const NOW = Date.parse('2026-01-01T00:10:00Z');
const progress: RunProgress = { pipeline: 'retail', kind: 'manual', stage: 'validate', stages: [{ stage: 'validate', state: 'running', attempts: 1, startedAt: '' }], state: 'running' };
const hand = { since: '2026-01-01T00:08:00Z', reason: 'the warehouse is being moved', by: 'ada' };

describe('what an open run waits for', () => {
  it('is nothing while it is at work', () => {
    expect(handLines(progress, '01a2', NOW)).toEqual([]);
  });

  it('is the person who paused it', () => {
    expect(handLines({ ...progress, state: 'paused', hand }, '01a2', NOW)).toEqual(['  paused 2 min ago by ada: the warehouse is being moved; weir runs resume 01a2']);
    expect(handLines({ ...progress, state: 'paused', hand: { ...hand, reason: '', by: '' } }, '01a2', NOW)).toEqual(['  paused 2 min ago; weir runs resume 01a2']);
  });

  it('is an approval, and then who gave it', () => {
    expect(handLines({ ...progress, state: 'approval', verdict: 'warning' }, '01a2', NOW)).toEqual(['  waits for approval, its verdict is warning: nothing is published until `weir runs approve 01a2`']);
    expect(handLines({ ...progress, approval: { ...hand, reason: 'closed that day' } }, '01a2', NOW)).toEqual(['  approved 2 min ago by ada: closed that day']);
  });

  it('is its next attempt, or its end', () => {
    const stages = [{ stage: 'load', state: 'waiting', attempts: 1, startedAt: '', code: 'ENGINE_FAILED' }] as const;
    expect(handLines({ ...progress, stages }, '01a2', NOW)).toEqual(['  load waits for attempt 2 after ENGINE_FAILED; `weir runs retry 01a2` starts it now']);
    expect(handLines({ ...progress, hand }, '01a2', NOW)).toEqual(['  is being cancelled 2 min ago by ada: the warehouse is being moved']);
  });
});

describe('the states of many runs', () => {
  const temporal = process.env['WEIR_TEST_TEMPORAL'] ?? '';
  const address = { temporal, namespace: 'default' };
  const of = (runId: string, status: RunStatus) => ({ runId, status }) as Run;

  it('are found by one question, for the open ones only', async () => {
    const queue = `states-${randomBytes(5).toString('hex')}`;
    const far = await openTemporal(address);
    const start = async (name: string, state: string) => far.client.workflow.start('pipelineRun', { taskQueue: queue, workflowId: `${queue}/${name}`, args: [{ pipeline: queue }], searchAttributes: { WeirState: [state] } });
    // Nobody works on this queue, so they stay as they are.
    const handles = await Promise.all([start('a', 'paused'), start('b', 'approval'), start('c', 'running')]);
    const [paused = '', approval = '', running = ''] = handles.map((handle) => handle.firstExecutionRunId);
    const runs = [of(paused, RunStatus.RUNNING), of(approval, RunStatus.RUNNING), of(running, RunStatus.RUNNING)];
    await until(async () => (await waitStates(address, runs))?.size === 2, { timeoutMs: 20_000, what: 'the states to be visible' });
    expect(await waitStates(address, runs)).toEqual(new Map([[paused, 'paused'], [approval, 'approval']]));
    expect(await waitStates(address, [of(paused, RunStatus.SUCCEEDED)])).toEqual(new Map());
    await Promise.all(handles.map((handle) => handle.terminate()));
    await far.close();
  });

  it('are unknown where Temporal does not answer, and the list is shown without them', async () => {
    await expect(waitStates({ ...address, temporal: '127.0.0.1:1' }, [of('a', RunStatus.RUNNING)])).resolves.toBeUndefined();
  });
});
