import { FaultProxy, until } from '@weir/testkit';
import { WeirError, type ErrorCode } from '@weir/core';
import { Brook, heartbeatsOf, progressOf, reaches } from '../testing/brook';
import { hang, type Script } from '../testing/far-side';
import { startRig, type Rig } from '../testing/rig';

const broken = (code: ErrorCode) => new WeirError({ code, message: `scripted ${code}` });

/** The first `times` calls end with a code, after they have consumed. */
function failing(code: ErrorCode, times = 1): Script {
  return {
    consume: async (_request, turn) => {
      await turn.tell({});
      if (turn.number < times) throw broken(code);
      return undefined;
    },
  };
}

describe('a stream whose consumers fail', () => {
  let rig: Rig;
  let brook: Brook;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => {
    rig.far.reset();
    brook = new Brook(rig);
  });
  afterEach(() => brook.end());

  const alerts = () => rig.errors.filter(({ pipeline }) => pipeline === brook.pipeline);
  const called = (times: number, timeoutMs = 15_000) => until(() => brook.calls().length >= times && brook.atWork.length > 0, { timeoutMs, what: `call ${times}` });

  it.each(['UNAVAILABLE', 'BUSY', 'POSITION_MOVED'] as const)('makes the call again after %s, in the same activity, and says so meanwhile', async (code) => {
    rig.far.script = brook.script(failing(code));
    const handle = await brook.start();
    const waiting = await until(async () => (await heartbeatsOf(handle)).find(({ state }) => state === 'waiting'), { timeoutMs: 10_000, what: 'a heartbeat that says what it waits for' });
    expect(waiting).toMatchObject({ member: 0, failures: 1, read: 0, error: { code, message: expect.stringContaining(`scripted ${code}`) as unknown } });
    await called(2);
    const consuming = await until(async () => (await heartbeatsOf(handle)).find(({ state }) => state === 'consuming'), { timeoutMs: 10_000 });
    expect(consuming).toMatchObject({ failures: 0, read: 100 });
    expect(consuming.error).toBeUndefined();
    const { events } = await handle.fetchHistory();
    expect(events?.filter(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'consume')).toHaveLength(1);
    expect(await progressOf(handle)).toMatchObject({ state: 'running', restarts: 0 });
    expect(alerts()).toEqual([]);
  });

  it('makes a call again that the service ended without a word', async () => {
    rig.far.script = brook.script({ consume: (_request, { number }) => Promise.resolve(number === 0 ? {} : undefined) });
    const handle = await brook.start();
    await called(2);
    expect(await progressOf(handle)).toMatchObject({ state: 'running', restarts: 0 });
  });

  it('takes a service that falls silent for lost, and has another call at work within 15 s', async () => {
    let silentSince = 0;
    rig.far.script = brook.script({
      consume: async (_request, turn) => {
        if (turn.number > 0) return undefined;
        await turn.tell({});
        silentSince = performance.now();
        await hang(turn);
        return {};
      },
    });
    await brook.start();
    await called(2, 20_000);
    expect(performance.now() - silentSince).toBeLessThan(15_000);
    expect(brook.atWork).toEqual([0]);
  });

  it('starts a consumer again after a counted code, and counts it', async () => {
    rig.far.script = brook.script(failing('ENGINE_FAILED', 2));
    const handle = await brook.start();
    await called(3);
    expect(await progressOf(handle)).toMatchObject({ state: 'running', restarts: 2, consumers: { wanted: 1, running: 1 }, lastError: { code: 'ENGINE_FAILED', member: 0 } });
    expect(alerts()).toEqual([]);
  });

  it('fails once the retries are used, ends the other consumers, raises one alert, and starts again when it is resumed', async () => {
    rig.far.script = brook.script({ consume: ({ member }, turn) => (member === 1 && turn.number < 5 ? Promise.reject(broken('TOPIC_MISSING')) : Promise.resolve(undefined)) });
    const handle = await brook.start({ consumers: 2 });
    expect(await reaches(handle, 'failed')).toMatchObject({ restarts: 2, lastError: { code: 'TOPIC_MISSING', member: 1, message: expect.stringContaining('scripted TOPIC_MISSING') as unknown } });
    await until(() => brook.atWork.length === 0, { timeoutMs: 5_000, what: 'the end of the other consumer' });
    expect(await until(() => alerts()[0], { timeoutMs: 5_000 })).toMatchObject({ message: 'A stream failed and waits for a person.', code: 'TOPIC_MISSING', reason: expect.stringContaining('scripted TOPIC_MISSING') as unknown });
    expect((await handle.describe()).searchAttributes).toMatchObject({ WeirState: ['failed'] });
    const calls = brook.calls().length;
    rig.far.script = brook.script();
    expect(await handle.executeUpdate('resume')).toMatchObject({ state: 'starting' });
    await until(() => brook.atWork.length === 2, { timeoutMs: 10_000 });
    expect(brook.calls()).toHaveLength(calls + 2);
    await reaches(handle, 'running');
    expect(alerts()).toHaveLength(1);
  });

  it('is paused by the breaker, which says why, and not again by a consumer that it stops for', async () => {
    rig.far.script = brook.script(failing('QUARANTINE_LIMIT', 2));
    const handle = await brook.start({ consumers: 2 });
    const paused = await reaches(handle, 'paused');
    expect(paused).toMatchObject({ consumers: { wanted: 2, running: 0 }, hand: { by: 'breaker', reason: expect.stringContaining('scripted QUARANTINE_LIMIT') as unknown }, lastError: { code: 'QUARANTINE_LIMIT' } });
    await until(() => alerts().length > 0, { timeoutMs: 5_000 });
    await expect(handle.executeUpdate('pause')).rejects.toMatchObject({ cause: { type: 'NOT_POSSIBLE' } });
    expect(await handle.executeUpdate('resume', { args: [{ by: 'ada', reason: 'the producer is repaired' }] })).toMatchObject({ state: 'starting' });
    await until(() => brook.atWork.length === 2, { timeoutMs: 10_000 });
    expect((await reaches(handle, 'running')).hand).toBeUndefined();
    expect(alerts()).toMatchObject([{ message: 'A stream was paused by its breaker.', code: 'QUARANTINE_LIMIT' }]);
  });

  it('goes on past what was lost where a hand says so, until it has its partitions', async () => {
    rig.far.script = brook.script({
      consume: ({ skipLost }, { number }) => {
        if (!skipLost && number === 0) return Promise.reject(broken('POSITION_LOST'));
        return Promise.resolve(number === 2 ? {} : undefined);
      },
    });
    const handle = await brook.start();
    await reaches(handle, 'failed');
    await handle.executeUpdate('resume', { args: [{ skipLost: true }] });
    await called(2);
    await until(async () => (await heartbeatsOf(handle))[0]?.state === 'consuming', { timeoutMs: 10_000 });
    await rig.replaceWorker();
    await called(4, 20_000);
    expect(brook.calls().map(({ skipLost }) => skipLost)).toEqual([false, true, false, false]);
  });

  it('goes past what was lost from its start, where it was started so', async () => {
    rig.far.script = brook.script({ consume: (_request, { number }) => (number === 0 ? Promise.reject(broken('UNAVAILABLE')) : Promise.resolve(undefined)) });
    await brook.start({ skipLost: true });
    await called(2);
    expect(brook.calls().map(({ skipLost }) => skipLost)).toEqual([true, true]);
  });

  it('waits for a hand when a newer definition is none that it can run', async () => {
    rig.far.script = brook.script();
    const handle = await brook.start();
    await called(1);
    brook.mode = 'batch';
    brook.version = 4;
    await handle.signal('definitionApplied', { version: 4 });
    expect(await reaches(handle, 'failed')).toMatchObject({ lastError: { code: 'INVALID_VALUE' }, consumers: { running: 0 } });
    expect((await progressOf(handle)).lastError?.member).toBeUndefined();
    brook.mode = 'realtime';
    await handle.signal('resume');
    expect(await reaches(handle, 'running')).toMatchObject({ definitionVersion: 4 });
  });
});

describe('a stream whose worker is lost without a word', () => {
  it('has its consumer at another worker within 15 s, and the lost one gives up when it hears of it', async () => {
    const rig = await startRig();
    const [host = '', port = ''] = (process.env['WEIR_TEST_TEMPORAL'] ?? '').split(':');
    const proxy = await FaultProxy.start({ host, port: Number(port) });
    const brook = new Brook(rig);
    rig.far.script = brook.script();
    const taskQueue = `queue-of-${brook.pipeline}`;
    const stops = [await rig.addWorker({ taskQueue, address: `127.0.0.1:${proxy.port}` })];
    try {
      const handle = await rig.client.workflow.start('pipelineStream', { taskQueue, workflowId: `stream/${brook.pipeline}`, args: [{ pipeline: brook.pipeline }] });
      await until(async () => (await heartbeatsOf(handle))[0]?.state === 'consuming', { timeoutMs: 15_000, what: 'the first consumer' });
      stops.push(await rig.addWorker({ taskQueue }));
      // As a kill does: the server sees its connections end. Only the worker itself does not know that it is lost.
      proxy.reset();
      const lost = performance.now();
      await until(() => brook.calls().length === 2, { timeoutMs: 20_000, what: 'the second consumer' });
      expect(performance.now() - lost).toBeLessThan(15_000);
      expect(await progressOf(handle)).toMatchObject({ state: 'running', restarts: 1 });
      proxy.pass();
      await until(() => brook.atWork.length === 1, { timeoutMs: 15_000, what: 'the end of the first consumer' });
      expect((await progressOf(handle)).restarts).toBe(1);
    } finally {
      proxy.pass();
      await brook.end();
      await Promise.all(stops.map((stop) => stop()));
      await proxy.close();
      await rig.stop();
    }
  });
});
