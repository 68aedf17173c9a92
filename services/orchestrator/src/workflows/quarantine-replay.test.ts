import { WeirError } from '@weir/core';
import { RunKind, RunStart, type LoadRequest, type RecordReplayRequest, type ReplayRowsRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { hang } from '../testing/far-side';
import { dayOf, Reservoir } from '../testing/reservoir';
import { failureOf, startRig, type Rig } from '../testing/rig';
import type { ReplayResult } from './quarantine-replay';

describe('quarantineReplay', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig?.stop());
  beforeEach(() => rig.far.reset());

  const records = () => rig.far.requests<RecordReplayRequest>('recordReplay').map(({ status, runs, runIds }) => [status, runs, runIds.length]);
  const run = async (reservoir: Reservoir, input: object = {}) => (await (await reservoir.start(input)).result()) as ReplayResult;

  it('runs the grains in which a row would land again from raw, four at a time, and nothing when there is none left', async () => {
    const reservoir = new Reservoir(rig);
    for (let day = 0; day < 12; day += 1) reservoir.add(day, { open: 3, landing: day % 2 });
    reservoir.add(7, { open: 2, landing: 2, retryOf: 'failed-run' });
    rig.far.script = reservoir.script();
    expect(await run(reservoir, { rule: 'type:n', reason: 'mended', by: 'ada' })).toMatchObject({ tried: 35, landing: 7, waiting: 0, grains: 6, succeeded: 6, failed: 0, runs: 6, failures: [], contractVersion: '1.0.0' });
    expect(reservoir.begun.map(({ interval }) => interval?.start ?? '').sort()).toEqual([1, 3, 5, 7, 9, 11].map(dayOf));
    for (const request of reservoir.begun) expect(request).toMatchObject({ kind: RunKind.REPLAY, startAt: RunStart.RAW, retryOf: request.interval?.start === dayOf(7) ? 'failed-run' : '', backfill: `replay/${reservoir.pipeline}` });
    expect(reservoir.most).toBeLessThanOrEqual(4);
    expect(rig.far.requests<ReplayRowsRequest>('replayRows').map(({ extracted }) => extracted)).toEqual(Array.from({ length: 6 }, () => false));
    expect(records()).toEqual([['running', 0, 0], ['done', 6, 6]]);
    expect(rig.far.requests<RecordReplayRequest>('recordReplay')[0]).toMatchObject({ reason: 'mended', by: 'ada', filter: { rule: 'type:n', runId: '', partition: '', rows: [], before: '' } });

    expect(await run(reservoir)).toMatchObject({ grains: 0, runs: 0 });
    expect(reservoir.begun.length).toBe(6);
  });

  it('goes on past a grain whose run fails, and one that another run holds, and names the first', async () => {
    const reservoir = new Reservoir(rig);
    for (const day of [0, 1, 2]) reservoir.add(day, { landing: 1 });
    let busy = 0;
    rig.far.script = reservoir.script({
      beginRun: async ({ interval }) => {
        if (interval?.start === dayOf(0)) throw new WeirError({ code: 'RAW_EXPIRED', message: 'It is gone.' });
        // The second try finds it free.
        if (interval?.start === dayOf(1) && (busy += 1) === 1) throw new WeirError({ code: 'INTERVAL_BUSY', message: 'Somebody has it.' });
        return undefined;
      },
    });
    const result = await run(reservoir);
    expect(result).toMatchObject({ grains: 3, succeeded: 2, failed: 1, busy: 0, runs: 4, failures: [{ grain: dayOf(0), code: 'RAW_EXPIRED' }] });
  });

  it('starts no faster than its rate', async () => {
    const reservoir = new Reservoir(rig);
    for (const day of [0, 1, 2]) reservoir.add(day, { landing: 1 });
    const starts: number[] = [];
    rig.far.script = reservoir.script({
      beginRun: () => {
        starts.push(Date.now());
        return Promise.resolve(undefined);
      },
    });
    await run(reservoir, { ratePerMinute: 60 });
    // Workers are slower than the clock of the workflow, never by a whole second here.
    expect((starts[2] ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(1_500);
  });

  it('leaves history models to one delivery at its end, and fails when that fails', async () => {
    const reservoir = new Reservoir(rig);
    for (const day of [0, 1]) reservoir.add(day, { landing: 1 });
    rig.far.script = reservoir.script({ beginRun: async () => ({ hasHistoryModels: true }) });
    expect(await run(reservoir)).toMatchObject({ succeeded: 2 });
    expect(reservoir.begun.filter(({ kind }) => kind === RunKind.REPLAY).map(({ startAt }) => startAt)).toEqual([RunStart.RAW, RunStart.RAW, RunStart.DELIVERY]);

    const other = new Reservoir(rig);
    other.add(0, { landing: 1 });
    rig.far.script = other.script({
      beginRun: async ({ startAt }) => {
        if (startAt === RunStart.DELIVERY) throw new WeirError({ code: 'NOT_POSSIBLE', message: 'Not now.' });
        return { hasHistoryModels: true };
      },
    });
    expect(await failureOf(await other.start())).toMatchObject({ type: 'NOT_POSSIBLE' });
    expect(records().at(-1)?.[0]).toBe('failed');
  });

  it('waits for the archive of a stream', async () => {
    const reservoir = new Reservoir(rig, 'realtime');
    reservoir.add(0, { landing: 1, retryOf: 'archive-run', marks: [{ log: 'clicks:1', offset: 41 }] });
    let archived = 41;
    let looks = 0;
    rig.far.script = reservoir.script({
      beginRun: async () => ({ topic: 'clicks', hasHistoryModels: true, destinations: 1 }),
      listPositions: async () => {
        if ((looks += 1) === 2) archived = 42;
        return { positions: [{ source: 'clicks:1', value: `${archived}@0` }] };
      },
    });
    expect(await run(reservoir)).toMatchObject({ grains: 1, succeeded: 1, waiting: 0 });
    expect(looks).toBeGreaterThan(1);
    // The grain's run restates; the delivery of history models would restate all that is published.
    expect(rig.far.requests<LoadRequest>('load').map(({ restate }) => restate)).toEqual([true, false]);
    expect(reservoir.begun[0]).toMatchObject({ kind: RunKind.REPLAY, startAt: RunStart.RAW, retryOf: '' });
  });

  it('ends its open runs when it is cancelled, and says so in the audit', async () => {
    const reservoir = new Reservoir(rig);
    for (let day = 0; day < 6; day += 1) reservoir.add(day, { landing: 1 });
    rig.far.script = reservoir.script({ validate: (_request, turn) => hang(turn) });
    const handle = await reservoir.start();
    await until(() => rig.far.requests('validate').length === 4, { timeoutMs: 20_000, what: 'Four runs at work' });
    await handle.cancel();
    expect(await failureOf(handle)).toMatchObject({ type: 'CancelledFailure' });
    expect(records().at(-1)?.[0]).toBe('cancelled');
    expect(reservoir.begun.length).toBe(4);
  });

  it('goes on in executions of forty grains', async () => {
    const reservoir = new Reservoir(rig);
    for (let day = 0; day < 43; day += 1) reservoir.add(day, { landing: 1 });
    rig.far.script = reservoir.script();
    expect(await run(reservoir)).toMatchObject({ grains: 43, succeeded: 43, runs: 43 });
    expect(records()).toEqual([['running', 0, 0], ['running', 40, 40], ['done', 43, 3]]);
    expect(new Set(rig.far.requests<RecordReplayRequest>('recordReplay').map(({ executionId }) => executionId)).size).toBe(1);
  }, 120_000);

  it('names what is wrong with an input', async () => {
    for (const [input, type] of [[undefined, 'INVALID_VALUE'], [{}, 'MISSING_KEY'], [{ pipeline: 'retail', rate: 1 }, 'UNKNOWN_KEY']] as const) {
      await expect(failureOf(await rig.start(input, 'quarantineReplay'))).resolves.toMatchObject({ type });
    }
  });
});
