import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { WeirError } from '@weir/core';
import { Verdict, type FinishRunRequest, type RecordStageRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { hang, type Turn } from '../testing/far-side';
import { failureOf, startRig, type Rig } from '../testing/rig';
import type { HandInput, HandWord } from './messages';
import type { RunProgress } from './progress';

const DAY = { interval: { start: '2010-12-01', end: '2010-12-02' } };

/** Holds calls of an rpc until it is opened. */
function gate(): { open: () => void; pass: () => Promise<undefined> } {
  let open: () => void = () => undefined;
  const opened = new Promise<undefined>((resolve) => (open = () => resolve(undefined)));
  return { open, pass: () => opened };
}

const ask = (handle: WorkflowHandle, word: HandWord, input?: HandInput) => handle.executeUpdate<RunProgress, [HandInput | undefined]>(word, { args: [input] });

async function refusal(update: Promise<unknown>): Promise<unknown> {
  const error: unknown = await update.catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return (error as WorkflowUpdateFailedError).cause;
}

describe('a hand on a run', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  it('pauses it between stages and lets it go on; the stage at work ends', async () => {
    const held = gate();
    rig.far.script = { extract: held.pass };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY });
    await until(() => rig.far.requests('extract').length === 1, { timeoutMs: 10_000 });
    const paused = await ask(handle, 'pause', { reason: 'the source is being repaired', by: 'ada' });
    expect(paused).toMatchObject({ state: 'paused', stage: 'extract', hand: { reason: 'the source is being repaired', by: 'ada' } });
    held.open();
    await until(async () => ((await handle.query<RunProgress>('progress')).stages.at(-1)?.state === 'done' ? true : undefined), { timeoutMs: 10_000, what: 'the end of extract' });
    expect((await handle.describe()).searchAttributes).toMatchObject({ WeirState: ['paused'], WeirBackfill: ['none'] });
    // One more full round through the server: whatever would follow extract would be there by then.
    await expect(refusal(ask(handle, 'pause'))).resolves.toMatchObject({ type: 'NOT_POSSIBLE' });
    expect(rig.far.requests('validate')).toEqual([]);
    const resumed = await ask(handle, 'resume', { by: 'ada' });
    expect(resumed).toMatchObject({ state: 'running' });
    expect(resumed.hand).toBeUndefined();
    await handle.result();
    expect(rig.far.requests('validate')).toHaveLength(1);
    expect((await handle.describe()).searchAttributes).toMatchObject({ WeirState: ['running'] });
  });

  it('is taken from bare signals as well, which ignore what is not possible', async () => {
    const held = gate();
    rig.far.script = { extract: held.pass };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY });
    await until(() => rig.far.requests('extract').length === 1, { timeoutMs: 10_000 });
    await handle.signal('resume');
    await handle.signal('pause', { by: 'backfill/x', nonsense: true });
    await handle.signal('pause');
    held.open();
    await until(async () => ((await handle.query<RunProgress>('progress')).state === 'paused' ? true : undefined), { timeoutMs: 10_000 });
    expect(rig.far.requests('validate')).toEqual([]);
    await handle.signal('resume');
    await handle.result();
    expect(rig.far.requests('validate')).toHaveLength(1);
  });

  it('is refused with a code when the run is in another state, and when it says what nobody understands', async () => {
    const held = gate();
    rig.far.script = { extract: held.pass };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY });
    await until(() => rig.far.requests('extract').length === 1, { timeoutMs: 10_000 });
    for (const word of ['resume', 'retry', 'approve'] as const) {
      await expect(refusal(ask(handle, word))).resolves.toMatchObject({ type: 'NOT_POSSIBLE', message: expect.stringContaining('The run cannot') as unknown });
    }
    await expect(refusal(ask(handle, 'pause', { why: 'x' } as HandInput))).resolves.toMatchObject({ type: 'UNKNOWN_KEY' });
    held.open();
    await handle.result();
  });

  it('stops attempts also in a delay between them, and no clock runs meanwhile', async () => {
    rig.far.script = {
      beginRun: () => Promise.resolve({ retryDelayMs: 500 }),
      transform: (_request, { number }) => (number === 0 ? Promise.reject(new WeirError({ code: 'ENGINE_FAILED', message: 'once' })) : Promise.resolve(undefined)),
    };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY });
    await until(() => rig.far.requests<RecordStageRequest>('recordStage').some(({ stage }) => stage?.status === 'STAGE_STATUS_FAILED'), { timeoutMs: 10_000 });
    await ask(handle, 'pause');
    const fired = async () => (await handle.fetchHistory()).events?.some(({ timerFiredEventAttributes: timer }) => timer);
    await until(fired, { timeoutMs: 10_000, what: 'the end of the delay' });
    await expect(refusal(ask(handle, 'retry'))).resolves.toMatchObject({ type: 'NOT_POSSIBLE' });
    expect(rig.far.requests('transform')).toHaveLength(1);
    await ask(handle, 'resume');
    await handle.result();
    expect(rig.far.requests('transform')).toHaveLength(2);
  });

  it('lets a refresh that a paused run waits for end, and starts nothing after it', async () => {
    const held = gate();
    rig.far.script = { beginRun: () => Promise.resolve({ hasHistoryModels: true }), transform: ({ scope }) => (scope === 'SCOPE_HISTORY' ? held.pass() : Promise.resolve(undefined)) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY });
    await until(() => rig.far.requests('transform').length === 2, { timeoutMs: 10_000, what: 'the rebuild' });
    await ask(handle, 'pause');
    held.open();
    await until(async () => ((await handle.query<RunProgress>('progress')).stages.at(-1)?.state === 'done' ? true : undefined), { timeoutMs: 10_000, what: 'the end of the refresh' });
    await until(() => rig.far.requests<RecordStageRequest>('recordStage').some(({ stage }) => stage?.stage === 'refresh'), { timeoutMs: 10_000 });
    await expect(refusal(ask(handle, 'pause'))).resolves.toMatchObject({ type: 'NOT_POSSIBLE' });
    expect(rig.far.requests('load')).toEqual([]);
    await ask(handle, 'resume');
    await handle.result();
    expect(rig.far.requests('load')).toHaveLength(1);
  });

  it('starts the next attempt of a stage now instead of after its delay', async () => {
    rig.far.script = {
      beginRun: () => Promise.resolve({ retryDelayMs: 3_600_000 }),
      transform: (_request, { number }) => (number === 0 ? Promise.reject(new WeirError({ code: 'ENGINE_FAILED', message: 'once' })) : Promise.resolve(undefined)),
    };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY });
    await until(async () => ((await handle.query<RunProgress>('progress')).stages.at(-1)?.state === 'waiting' ? true : undefined), { timeoutMs: 10_000 });
    await ask(handle, 'retry', { by: 'ada' });
    await handle.result();
    expect(rig.far.requests('transform')).toHaveLength(2);
  });

  it.each(['extract', 'paused'] as const)('cancels it while it is at: %s; the reason is stored with the run', async (where) => {
    const held = gate();
    let seen: AbortSignal | undefined;
    const stuck = (_request: unknown, turn: Turn) => ((seen = turn.signal), where === 'extract' ? hang(turn) : held.pass());
    rig.far.script = { extract: stuck };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY });
    await until(() => seen, { timeoutMs: 10_000 });
    if (where === 'paused') {
      await ask(handle, 'pause');
      held.open();
      await until(async () => ((await handle.query<RunProgress>('progress')).stages.at(-1)?.state === 'done' ? true : undefined), { timeoutMs: 10_000 });
    }
    const asked = performance.now();
    expect(await ask(handle, 'cancel', { reason: 'wrong day', by: 'ada' })).toMatchObject({ hand: { reason: 'wrong day', by: 'ada' } });
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'CancelledFailure' });
    expect(performance.now() - asked).toBeLessThan(5_000);
    const { status, searchAttributes } = await handle.describe();
    expect(status.name).toBe('CANCELLED');
    expect(searchAttributes).toMatchObject({ WeirState: ['running'] });
    expect(rig.far.requests<FinishRunRequest>('finishRun')).toMatchObject([{ status: 'RUN_STATUS_CANCELLED', error: { code: 'CANCELLED', message: 'The run was cancelled by ada: wrong day' } }]);
  });

  describe('that must approve a warning', () => {
    const warning = { beginRun: () => Promise.resolve({ approvalOnWarning: true }), audit: () => Promise.resolve({ verdict: Verdict.WARNING }) };
    const waiting = (handle: WorkflowHandle) => until(async () => ((await handle.query<RunProgress>('progress')).state === 'approval' ? true : undefined), { timeoutMs: 10_000, what: 'the question for approval' });

    it('is waited for before anything is published', async () => {
      rig.far.script = warning;
      const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY });
      await waiting(handle);
      expect((await handle.describe()).searchAttributes).toMatchObject({ WeirState: ['approval'], WeirVerdict: ['warning'] });
      expect(rig.far.requests('publish')).toEqual([]);
      expect(await ask(handle, 'approve', { by: 'ada', note: 'known and harmless' })).toMatchObject({ state: 'running', approval: { by: 'ada', reason: 'known and harmless' } });
      await expect(handle.result()).resolves.toMatchObject({ verdict: 'warning' });
      await expect(ask(handle, 'approve')).rejects.toThrow();
    });

    it('is not asked for when the verdict is a pass, or the pipeline does not want it', async () => {
      rig.far.script = { beginRun: warning.beginRun };
      await (await rig.start({ pipeline: rig.pipeline(), ...DAY })).result();
      rig.far.script = { audit: warning.audit };
      await expect((await rig.start({ pipeline: rig.pipeline(), ...DAY })).result()).resolves.toMatchObject({ verdict: 'warning' });
    });

    it('may be paused and cancelled like any other', async () => {
      rig.far.script = warning;
      const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY });
      await waiting(handle);
      await ask(handle, 'pause');
      expect(await ask(handle, 'approve', { by: 'ada' })).toMatchObject({ state: 'paused', approval: { by: 'ada' } });
      await expect(refusal(ask(handle, 'approve'))).resolves.toMatchObject({ type: 'NOT_POSSIBLE' });
      expect(rig.far.requests('publish')).toEqual([]);
      await ask(handle, 'cancel');
      await expect(failureOf(handle)).resolves.toMatchObject({ type: 'CancelledFailure' });
      expect(rig.far.requests<RecordStageRequest>('recordStage').map(({ stage }) => stage?.stage)).not.toContain('publish');
    });
  });
});
