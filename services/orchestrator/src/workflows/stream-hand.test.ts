import type { WorkflowHandle } from '@temporalio/client';
import { until } from '@weir/testkit';
import { Brook, progressOf, reaches } from '../testing/brook';
import { failureOf, startRig, type Rig } from '../testing/rig';
import type { StreamProgress } from './stream-progress';

describe('a hand on a stream', () => {
  let rig: Rig;
  let brook: Brook;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => {
    rig.far.reset();
    brook = new Brook(rig);
    rig.far.script = brook.script();
  });
  afterEach(() => brook.end());

  const ask = (handle: WorkflowHandle, word: string, input?: object) => handle.executeUpdate<StreamProgress, [object | undefined]>(word, { args: [input] });
  const atWork = (members: number) => until(() => brook.atWork.length === members, { timeoutMs: 15_000, what: `${members} consumers at work` });

  async function running(input: { consumers?: number } = {}): ReturnType<Brook['start']> {
    const handle = await brook.start(input);
    await atWork(input.consumers ?? brook.consumers);
    return handle;
  }

  it('pauses it and lets it go on, under the newest definition', async () => {
    const handle = await running({ consumers: 2 });
    const asked = performance.now();
    expect(await ask(handle, 'pause', { reason: 'the warehouse is being moved', by: 'ada' })).toMatchObject({ state: 'pausing', hand: { reason: 'the warehouse is being moved', by: 'ada' } });
    await atWork(0);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(await reaches(handle, 'paused')).toMatchObject({ consumers: { wanted: 2, running: 0 } });
    expect((await handle.describe()).searchAttributes).toMatchObject({ WeirState: ['paused'] });
    // A definition changes nothing while it rests.
    brook.version = 4;
    await handle.signal('definitionApplied', { version: 4 });
    await expect(ask(handle, 'pause')).rejects.toMatchObject({ cause: { type: 'NOT_POSSIBLE', message: expect.stringContaining('The stream cannot be paused: it is paused already.') as unknown } });
    expect(brook.calls()).toHaveLength(2);
    await ask(handle, 'resume', { by: 'ada' });
    await atWork(2);
    expect(brook.calls().map(({ context }) => context?.definitionVersion)).toEqual([3, 3, 4, 4]);
    const resumed = await reaches(handle, 'running');
    expect(resumed).toMatchObject({ definitionVersion: 4, restarts: 0 });
    expect(resumed.hand).toBeUndefined();
  });

  it('is taken from bare signals as well, which ignore what is not possible and what they do not understand', async () => {
    const handle = await running();
    await handle.signal('resume');
    await handle.signal('scale', { consumers: 0 });
    await handle.signal('scale');
    await handle.signal('pause', { reason: 'x', nonsense: true });
    await handle.signal('pause', { reason: 'y' });
    expect((await reaches(handle, 'paused')).hand).toMatchObject({ reason: '', by: '' });
    await handle.signal('scale', { consumers: 3 });
    await handle.signal('resume', { nonsense: true });
    await atWork(3);
    await handle.signal('stop', { reason: 'enough' });
    await expect(handle.result()).resolves.toMatchObject({ reason: 'enough' });
  });

  it('scales it up and down; consumers that stay are left alone, and a scale outlasts a pause', async () => {
    const handle = await running();
    expect(await ask(handle, 'scale', { consumers: 4, by: 'ada' })).toMatchObject({ consumers: { wanted: 4 } });
    await atWork(4);
    await ask(handle, 'scale', { consumers: 2 });
    await atWork(2);
    expect(brook.atWork).toEqual([0, 1]);
    expect(await until(async () => ((await progressOf(handle)).consumers.running === 2 ? progressOf(handle) : undefined), { timeoutMs: 5_000 })).toMatchObject({ state: 'running', restarts: 0 });
    // Member 0 was never started again.
    expect(brook.calls().filter(({ member }) => member === 0)).toHaveLength(1);
    await ask(handle, 'pause');
    await atWork(0);
    await ask(handle, 'resume');
    await atWork(2);
  });

  it.each([
    ['scale', {}, 'MISSING_KEY'],
    ['scale', { consumers: 65 }, 'INVALID_VALUE'],
    ['scale', { consumers: 1.5 }, 'INVALID_VALUE'],
    ['pause', { skipLost: true }, 'UNKNOWN_KEY'],
    ['pause', { reason: 7 }, 'INVALID_VALUE'],
    ['resume', undefined, 'NOT_POSSIBLE'],
  ])('refuses %s with %j', async (word, input, code) => {
    const handle = await running();
    await expect(ask(handle, word, input)).rejects.toMatchObject({ cause: { type: code } });
    expect(await progressOf(handle)).toMatchObject({ state: 'running', consumers: { wanted: 1 } });
  });

  it('stops it: its consumers end, then it ends with a result', async () => {
    const handle = await running({ consumers: 2 });
    expect(await ask(handle, 'stop', { reason: 'moved to another cluster', by: 'ada' })).toMatchObject({ state: 'stopping', hand: { reason: 'moved to another cluster', by: 'ada' } });
    await expect(handle.result()).resolves.toEqual({ pipeline: brook.pipeline, definitionVersion: 3, restarts: 0, reason: 'moved to another cluster', by: 'ada', archived: true });
    expect(brook.atWork).toEqual([]);
    expect(await progressOf(handle)).toMatchObject({ state: 'stopped', consumers: { running: 0 } });
    expect((await handle.describe()).searchAttributes).toMatchObject({ WeirState: ['stopped'] });
    expect((await brook.archive().describe()).status.name).toBe('COMPLETED');
  });

  it('stops it also while it is paused', async () => {
    const handle = await running();
    await ask(handle, 'pause');
    await reaches(handle, 'paused');
    await ask(handle, 'stop');
    await expect(handle.result()).resolves.toMatchObject({ archived: true });
  });

  it('takes a cancellation for a stop without a last archive, within 5 s, and leaves nothing at work', async () => {
    const handle = await running({ consumers: 2 });
    const looks = rig.far.requests('planArchive').length;
    const asked = performance.now();
    await handle.cancel();
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'CancelledFailure' });
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect(brook.atWork).toEqual([]);
    expect((await brook.archive().describe()).status.name).toBe('CANCELLED');
    expect(rig.far.requests('planArchive').length).toBeLessThanOrEqual(looks + 1);
  });

  it('misses no definition that is applied while it reads one', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const old = JSON.stringify({ name: brook.pipeline, source: { type: 'kafka' }, grain: '1h', mode: 'realtime', stream: { consumers: 1, refreshMs: 1_000 }, policy: { retries: 0, retryDelayMs: 0 } });
    const { getDefinition } = brook.script();
    // What the archive reads goes by.
    let reads = 0;
    rig.far.script = {
      ...brook.script(),
      getDefinition: async (request, turn) => {
        reads += 1;
        if (reads > 1) return getDefinition?.(request, turn);
        await answered;
        return { pipeline: brook.pipeline, version: 3, definitionJson: old };
      },
    };
    const handle = await brook.start();
    await until(() => reads === 1, { timeoutMs: 10_000 });
    brook.version = 4;
    await handle.signal('definitionApplied', { version: 4 });
    // The query is answered behind the signal.
    await progressOf(handle);
    answer();
    await until(async () => (await progressOf(handle)).definitionVersion === 4 && brook.atWork.length === 1, { timeoutMs: 15_000, what: 'version 4' });
    expect(brook.calls().at(-1)?.context?.definitionVersion).toBe(4);
  });

  it('moves it to a newer definition as soon as one is applied, and nothing else does', async () => {
    const handle = await running({ consumers: 2 });
    await handle.signal('definitionApplied', { version: 3 });
    await handle.signal('definitionApplied', { version: 2 });
    await handle.signal('definitionApplied');
    brook.version = 4;
    brook.consumers = 3;
    await handle.signal('definitionApplied', { version: 4 });
    await until(() => brook.calls().length === 4 && brook.atWork.length === 2, { timeoutMs: 15_000, what: 'two consumers under version 4' });
    expect(brook.calls().map(({ context }) => context?.definitionVersion)).toEqual([3, 3, 4, 4]);
    // People said how many, so the definition does not.
    expect(await reaches(handle, 'running')).toMatchObject({ definitionVersion: 4, consumers: { wanted: 2, running: 2 }, restarts: 0 });
    // Versions that nobody has cause no more than one start.
    await handle.signal('definitionApplied', { version: 99 });
    await until(() => brook.calls().length === 6 && brook.atWork.length === 2, { timeoutMs: 15_000 });
    expect(await reaches(handle, 'running')).toMatchObject({ definitionVersion: 4 });
    expect(brook.calls()).toHaveLength(6);
  });
});
