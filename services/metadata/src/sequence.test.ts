import type { Interval } from '@weir/core';
import { BackfillOnly, BackfillOrder, RunKind, RunStart, RunStatus, type BeginRunRequest } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { planBackfill } from './plan-backfill';
import { publish } from './publish';
import { recordStage } from './record-stage';
import { storeDefinition } from './store-definition';
import { ended, published, stageRecord } from './testing/runs';
import { beginTurn, publishTurn, takesOf, TRACKED, type Folder } from './testing/turns';
import { day, days, definitionOf, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => (bench = await openWorkbench()));
afterAll(() => bench.dispose());

const request = (pipeline: string, n: number | string, interval: Interval, changes: Partial<BeginRunRequest> = {}): BeginRunRequest => ({ ...runRequest(pipeline, `${pipeline}-${n}`, interval), ...changes });
const folder = (...names: string[]): Folder => new Map(names.map((name) => [name, `content of ${name}`]));
const turn = async (pipeline: string, n: number | string, interval: Interval, files: Folder): Promise<number> => publishTurn(bench, await beginTurn(bench, request(pipeline, n, interval), files));
const taken = async (pipeline: string): Promise<string[]> => (await takesOf(bench, { pipeline, interval: days(0, 30) })).files.map(({ partition, name }) => `${partition.slice(8, 10)} ${name}`);
const fail = (pipeline: string, n: number | string) => finishRun(bench, { runId: `${pipeline}-${n}`, status: RunStatus.FAILED, error: undefined });

describe('what an interval takes', () => {
  test('is pinned by its publish, and is what the same interval gets again', async () => {
    const pipeline = await givenPipeline(bench.pool, 'pinned', TRACKED);
    await turn(pipeline, 1, days(0, 1), folder('a', 'b'));
    await turn(pipeline, 2, days(1, 2), folder('a', 'b', 'c'));
    const again = await beginTurn(bench, request(pipeline, 3, days(0, 1)), folder('a', 'b', 'c', 'd'));
    expect(again.names).toEqual(['a', 'b']);
    await publishTurn(bench, again);
    expect(await taken(pipeline)).toEqual(['01 a', '01 b', '02 c']);
    expect((await takesOf(bench, { pipeline })).position).toEqual({ partition: day(1), end: day(2), source: 'files', from: '2', to: '3', newest: 'c', left: 0, more: false });
  });

  test('is of its last grain, when it has several; the others took nothing', async () => {
    const pipeline = await givenPipeline(bench.pool, 'wide', TRACKED);
    await turn(pipeline, 1, days(0, 3), folder('a'));
    expect(await taken(pipeline)).toEqual(['03 a']);
    // Those that are pinned already keep what they have in a wider run.
    await turn(pipeline, 2, days(1, 5), folder('a', 'b'));
    expect(await taken(pipeline)).toEqual(['03 a', '05 b']);
    expect((await takesOf(bench, { pipeline, interval: days(0, 9) })).takes.map(({ partition, from, to }) => [partition, from, to])).toEqual([[day(0), '', ''], [day(1), '', ''], [day(2), '', '1'], [day(3), '1', '1'], [day(4), '1', '2']]);
  });

  test('outlives what raw keeps: the position is no partition', async () => {
    const pipeline = await givenPipeline(bench.pool, 'outlives', TRACKED);
    await turn(pipeline, 1, days(0, 1), folder('a'));
    await bench.pool.query(`delete from metadata.partition_version v using metadata.dataset d where d.id = v.dataset_id and d.pipeline = 'outlives'`);
    expect((await beginTurn(bench, request(pipeline, 2, days(1, 2)), folder('a', 'b'))).names).toEqual(['b']);
  });

  test('must be said by a run that publishes an interval for the first time', async () => {
    const pipeline = await givenPipeline(bench.pool, 'unsaid', TRACKED);
    await expect(published(bench, request(pipeline, 1, days(0, 1)))).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('does not say what that interval takes') });
  });

  test('renews the stamps of files that were read and had not changed', async () => {
    const pipeline = await givenPipeline(bench.pool, 'stamps', TRACKED);
    await turn(pipeline, 1, days(0, 1), folder('a'));
    const open = await beginTurn(bench, request(pipeline, 2, days(1, 2)), folder('a'));
    const [raw, ...others] = open.staged;
    const manifest = await bench.lake.readManifest(raw ?? { manifest: '', sha256: '' });
    const touched = await bench.lake.writeManifest({ ...manifest, attempt: 'a2', ...(manifest.taking ? { taking: { ...manifest.taking, stamps: [['a', 'touched']] } } : {}) });
    await publishTurn(bench, { ...open, staged: [touched, ...others] });
    expect((await takesOf(bench, { pipeline, interval: days(0, 9) })).files).toMatchObject([{ name: 'a', partition: day(0), stamp: 'touched' }]);
  });
});

describe('runs that take something', () => {
  test('are one at a time: the second is refused with the first one’s name', async () => {
    const pipeline = await givenPipeline(bench.pool, 'one', TRACKED);
    await beginRun(bench, request(pipeline, 1, days(0, 1)));
    await expect(beginRun(bench, request(pipeline, 2, days(1, 2)))).rejects.toMatchObject({
      code: 'INTERVAL_BUSY',
      samples: ['one-1', 'run/one/one-1'],
      message: 'Cannot lease the interval 2010-12-02/2010-12-03 of one: the workflow run/one/one-1 (run one-1) holds the interval 2010-12-01/2010-12-02 of one, and its source is read in sequence.',
    });
    await fail(pipeline, 1);
    await beginRun(bench, request(pipeline, 2, days(1, 2)));
  });

  test('lets exactly one of many begin at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const pipeline = await givenPipeline(bench.pool, `at-once-${round}`, TRACKED);
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => beginRun(bench, request(pipeline, n, days(n, n + 1)))));
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused.map((outcome) => outcome.reason as unknown)).toEqual(Array.from({ length: 7 }, () => expect.objectContaining({ code: 'INTERVAL_BUSY' })));
    }
  });

  test('stand in nobody’s way who runs again what was taken', async () => {
    const pipeline = await givenPipeline(bench.pool, 'beside', TRACKED);
    await turn(pipeline, 1, days(0, 1), folder('a'));
    await turn(pipeline, 2, days(1, 2), folder('a', 'b'));
    await beginRun(bench, request(pipeline, 3, days(2, 3)));
    const begun = await Promise.all([beginRun(bench, request(pipeline, 4, days(0, 1))), beginRun(bench, request(pipeline, 5, days(1, 2), { startAt: RunStart.RAW }))]);
    expect(begun.map(({ raw }) => raw !== undefined)).toEqual([false, true]);
  });

  test('publish only what goes on where the last one ended', async () => {
    const pipeline = await givenPipeline(bench.pool, 'moved', TRACKED);
    const late = await beginTurn(bench, request(pipeline, 1, days(0, 1)), folder('a'));
    await recordStage(bench, { runId: late.request.runId, stage: stageRecord('extract', { output: late.staged[0] }) });
    await fail(pipeline, 1);
    await turn(pipeline, 2, days(0, 1), folder('a', 'b'));
    // It was to take for an interval what another run has taken for it since.
    const retried = await beginTurn(bench, request(pipeline, 3, days(0, 1), { startAt: RunStart.RAW, retryOf: 'moved-1' }), folder());
    await expect(publishTurn(bench, retried)).rejects.toMatchObject({ code: 'POSITION_MOVED', message: expect.stringContaining(`The interval from ${day(0)} of moved was the last that took something, and the run goes on after none`) });
    expect(await taken(pipeline)).toEqual(['01 a', '01 b']);
  });

  test('may begin with what a failed run had extracted, and take that', async () => {
    const pipeline = await givenPipeline(bench.pool, 'retried', TRACKED);
    const first = await beginTurn(bench, request(pipeline, 1, days(0, 1)), folder('a'));
    await recordStage(bench, { runId: first.request.runId, stage: stageRecord('extract', { output: first.staged[0] }) });
    await fail(pipeline, 1);
    for (const [n, kind] of [[2, RunKind.MANUAL], [3, RunKind.REPLAY]] as const) {
      const retry = await beginTurn(bench, request(pipeline, n, days(0, 1), { kind, startAt: RunStart.RAW, retryOf: 'retried-1' }), folder('a', 'b'));
      await expect(beginRun(bench, request(pipeline, 9, days(1, 2)))).rejects.toMatchObject({ code: 'INTERVAL_BUSY' });
      if (kind === RunKind.MANUAL) await fail(pipeline, n);
      else await publishTurn(bench, retry);
    }
    expect(await taken(pipeline)).toEqual(['01 a']);
  });

  test('cannot publish once they were taken for dead', async () => {
    const pipeline = await givenPipeline(bench.pool, 'dead', TRACKED);
    const dead = await beginTurn(bench, request(pipeline, 1, days(0, 1)), folder('a'));
    await fail(pipeline, 1);
    await beginRun(bench, request(pipeline, 2, days(1, 2)));
    await expect(publish(bench, { runId: dead.request.runId, fence: dead.fence, staged: dead.staged, moves: [] })).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  test('do not take for an interval that has not begun', async () => {
    const pipeline = await givenPipeline(bench.pool, 'future', TRACKED);
    await expect(beginRun(bench, request(pipeline, 1, { start: '2010-12-01', end: '2010-12-02' }))).resolves.toBeDefined();
    await fail(pipeline, 1);
    await expect(beginRun(bench, request(pipeline, 2, { start: '2999-01-01', end: '2999-01-02' }))).rejects.toMatchObject({ code: 'INVALID_INTERVAL', message: expect.stringContaining('2999-01-01/2999-01-02 has not begun') });
  });
});

describe('an interval that took nothing before one that did', () => {
  test('cannot be run any more, and says where its data is', async () => {
    const pipeline = await givenPipeline(bench.pool, 'passed', TRACKED);
    await turn(pipeline, 1, days(0, 1), folder('a'));
    await turn(pipeline, 2, days(4, 5), folder('a', 'b'));
    for (const startAt of [RunStart.SOURCE, RunStart.UNSPECIFIED]) {
      await expect(beginRun(bench, request(pipeline, 3, days(2, 3), { startAt }))).rejects.toMatchObject({
        code: 'NOT_ADDRESSABLE',
        message: '2010-12-03/2010-12-04 of passed was never run, and its source is read in sequence: what it could have had is in 2010-12-05/2010-12-06.',
        fix: 'Nothing is missing: look in 2010-12-05/2010-12-06. Intervals that were run can be run again; new ones begin at 2010-12-06T00:00:00Z.',
      });
    }
    await expect(beginRun(bench, request(pipeline, 3, days(0, 3)))).rejects.toMatchObject({ code: 'NOT_ADDRESSABLE', message: expect.stringContaining('2010-12-02/2010-12-03') });
    await turn(pipeline, 4, days(4, 6), folder('a', 'b', 'c'));
  });

  test('is one of another grain, too: a part of a day, or days of which one was taken', async () => {
    const pipeline = await givenPipeline(bench.pool, 'regrained', TRACKED);
    await turn(pipeline, 1, days(0, 1), folder('a'));
    await storeDefinition(bench.pool, definitionOf(pipeline, { ...TRACKED, grain: '1h' }));
    await expect(beginRun(bench, request(pipeline, 2, { start: day(0), end: '2010-12-01T01:00:00Z' }))).rejects.toMatchObject({ code: 'NOT_ADDRESSABLE', message: expect.stringContaining('what it could have had is in 2010-12-01/2010-12-02') });
    await beginRun(bench, request(pipeline, 2, { start: day(1), end: '2010-12-02T01:00:00Z' }));
  });

  test('is told by a plan, not taken by it; what is missing is taken in sequence', async () => {
    const pipeline = await givenPipeline(bench.pool, 'planned', TRACKED);
    await turn(pipeline, 1, days(1, 2), folder('a'));
    await ended(bench, request(pipeline, 2, days(2, 3)));
    await turn(pipeline, 3, days(3, 4), folder('a', 'b'));
    await ended(bench, request(pipeline, 4, days(4, 5)));
    const plan = (only: BackfillOnly) => planBackfill(bench, { pipeline, interval: days(0, 6), only, order: BackfillOrder.OLDEST, after: '', limit: 10, backfill: '', changedSources: [] });
    const { counts, intervals, inSequence } = await plan(BackfillOnly.ALL);
    expect(inSequence).toBe(true);
    expect(counts.map(({ reason, intervals: count }) => [reason.replace('INTERVAL_REASON_', ''), count])).toEqual([['MISSING', 1], ['FAILED', 1], ['DONE', 2], ['NOT_ADDRESSABLE', 2]]);
    expect(intervals.map(({ interval }) => interval?.start)).toEqual([day(1), day(3), day(4), day(5)]);
    expect((await plan(BackfillOnly.MISSING)).intervals.map(({ interval }) => interval?.start)).toEqual([day(5)]);
    await expect(planBackfill(bench, { pipeline, interval: days(0, 6), only: BackfillOnly.MISSING, order: BackfillOrder.NEWEST, after: '', limit: 10, backfill: '', changedSources: [] })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });
});

describe('runs that start by themselves', () => {
  const scheduled = (pipeline: string, n: number, at: number) => request(pipeline, n, days(at, at + 1), { kind: RunKind.SCHEDULED });
  const SCHEDULE = { cron: '5 0 * * *', timezone: 'UTC', catchup: false, maxActiveRuns: 9, dependsOnPast: false };

  test.each([RunKind.SCHEDULED, RunKind.BACKFILL])('wait for the one that takes something: %s', async (kind) => {
    const pipeline = await givenPipeline(bench.pool, `waits-${kind.toLowerCase()}`, { ...TRACKED, schedule: SCHEDULE });
    await beginRun(bench, request(pipeline, 1, days(0, 1)));
    await expect(beginRun(bench, request(pipeline, 2, days(1, 2), { kind }))).rejects.toMatchObject({ code: 'RUN_LIMIT', samples: [`${pipeline}-1`, `run/${pipeline}/${pipeline}-1`] });
  });

  test('wait behind one that failed, not behind one that nobody tried', async () => {
    const pipeline = await givenPipeline(bench.pool, 'behind', { ...TRACKED, schedule: SCHEDULE });
    await turn(pipeline, 1, days(0, 1), folder('a'));
    const second = await beginTurn(bench, scheduled(pipeline, 2, 3), folder('a', 'b'));
    await fail(pipeline, 2);
    await expect(beginRun(bench, scheduled(pipeline, 3, 4))).rejects.toMatchObject({ code: 'PAST_MISSING', samples: ['behind-2', 'run/behind/behind-2'], message: expect.stringContaining(`the interval from ${day(3)}, which is not published`) });
    // A person passes it, and takes what it would have had.
    await turn(pipeline, 4, days(4, 5), folder('a', 'b'));
    expect(second.names).toEqual(['b']);
    expect(await taken(pipeline)).toEqual(['01 a', '05 b']);
    await beginRun(bench, scheduled(pipeline, 5, 6));
  });

  test('run again what was taken at any time', async () => {
    const pipeline = await givenPipeline(bench.pool, 'any-time', { ...TRACKED, schedule: SCHEDULE });
    await turn(pipeline, 1, days(0, 1), folder('a'));
    await beginRun(bench, request(pipeline, 2, days(1, 2)));
    expect((await beginRun(bench, scheduled(pipeline, 3, 0))).interval).toEqual(days(0, 1));
  });
});
