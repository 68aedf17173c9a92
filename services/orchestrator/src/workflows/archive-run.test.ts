import { WeirError } from '@weir/core';
import type { BeginRunRequest, ExtractRequest, LoadRequest, PublishRequest } from '@weir/rpc';
import { failureOf, startRig, type Rig } from '../testing/rig';

const HOUR = { start: '2026-01-01T10:00:00Z', end: '2026-01-01T11:00:00Z' };
const RAW = { manifest: 'raw/published/manifest.json', sha256: 'c'.repeat(64), rows: 50, bytes: 500 };

/** Partition 0 is new to the archive, 1 stands where its range begins, 2 has lost records, 3 was moved by somebody else. */
const RANGES = [
  [0, 0, 10, 0, 1_767_261_600_001],
  [1, 40, 50, 1_767_261_600_002, 1_767_261_600_003],
  [2, 700, 710, 0, 1_767_261_600_004],
  [3, 5, 9, 1_767_261_600_005, 1_767_261_600_006],
];
const STORED = [
  { source: 'clicks:1', value: '40@1767261600002' },
  { source: 'clicks:2', value: '600@1767261500000' },
  { source: 'clicks:3', value: '9@1767261600006' },
  { source: 'clicks:00001:00000000000000000000-00000000000000000040', value: '1234' },
];

describe('a run of a realtime pipeline', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  const archive = () => rig.start({ pipeline: rig.pipeline(), interval: HOUR, ranges: RANGES });

  it('that extends the archive reads the ranges and publishes raw alone where the stream keeps all tables', async () => {
    rig.far.script = { beginRun: () => Promise.resolve({ topic: 'clicks', rawOnly: true }), listPositions: () => Promise.resolve({ positions: STORED }) };
    const handle = await archive();
    const { runId } = await handle.describe();
    const result: unknown = await handle.result();
    expect(result).toEqual({ runId, pipeline: expect.any(String) as unknown, snapshot: rig.far.published(), delivered: true });
    expect(rig.far.stepsOf(runId)).toEqual(['beginRun', 'extract', 'publish', 'finishRun']);
    expect(rig.far.requests<BeginRunRequest>('beginRun')).toMatchObject([{ kind: 'RUN_KIND_REFRESH', startAt: 'RUN_START_SOURCE', interval: HOUR }]);
    expect(rig.far.requests<ExtractRequest>('extract')[0]?.ranges).toEqual([
      { partition: 0, from: 0, to: 10, greatestBeforeFrom: 0, greatestBeforeTo: 1_767_261_600_001 },
      { partition: 1, from: 40, to: 50, greatestBeforeFrom: 1_767_261_600_002, greatestBeforeTo: 1_767_261_600_003 },
      { partition: 2, from: 700, to: 710, greatestBeforeFrom: 0, greatestBeforeTo: 1_767_261_600_004 },
      { partition: 3, from: 5, to: 9, greatestBeforeFrom: 1_767_261_600_005, greatestBeforeTo: 1_767_261_600_006 },
    ]);
    expect((await handle.describe()).searchAttributes).toMatchObject({ WeirRunKind: ['refresh'], WeirInterval: ['2026-01-01T10:00:00Z/2026-01-01T11:00:00Z'] });
  });

  it('moves the positions of the archive from where they stand, or from where they must', async () => {
    rig.far.script = { beginRun: () => Promise.resolve({ topic: 'clicks', rawOnly: true }), listPositions: () => Promise.resolve({ positions: STORED }) };
    await (await archive()).result();
    expect(rig.far.requests<PublishRequest>('publish')[0]?.moves).toEqual([
      { source: 'clicks:0', from: '', to: '10@1767261600001' },
      { source: 'clicks:1', from: '40@1767261600002', to: '50@1767261600003' },
      { source: 'clicks:2', from: '600@1767261500000', to: '710@1767261600004' },
      { source: 'clicks:3', from: '5@1767261600005', to: '9@1767261600006' },
    ]);
  });

  it('that extends the archive brings models over intervals and history up to date, and leaves the tables of the stream to it', async () => {
    rig.far.script = { beginRun: ({ kind, interval }) => Promise.resolve({ topic: 'clicks', rawOnly: false, hasHistoryModels: kind !== 'RUN_KIND_REFRESH' || interval !== undefined }) };
    const handle = await archive();
    const { runId } = await handle.describe();
    await expect(handle.result()).resolves.toMatchObject({ verdict: 'passed', delivered: true });
    expect(rig.far.stepsOf(runId)).toEqual(['beginRun', 'extract', 'validate', 'transform', 'audit', 'publish', 'load', 'finishRun']);
    expect(rig.far.requests<BeginRunRequest>('beginRun').map(({ interval }) => interval)).toEqual([HOUR, undefined]);
    expect(rig.far.requests<LoadRequest>('load')).toMatchObject([{ restate: false }]);
  });

  it.each([
    ['of a person', { kind: 'manual' }, 'RUN_KIND_MANUAL'],
    ['of a backfill', { kind: 'backfill', backfill: 'backfill/clicks/may' }, 'RUN_KIND_BACKFILL'],
  ])('%s begins with what the archive has, and restates the tables of the stream', async (_whose, input, kind) => {
    rig.far.script = { beginRun: () => Promise.resolve({ topic: 'clicks', raw: RAW }) };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: HOUR, ...input });
    await handle.result();
    expect(rig.far.requests<BeginRunRequest>('beginRun')).toMatchObject([{ kind, startAt: 'RUN_START_UNSPECIFIED', retryOf: '' }]);
    expect(rig.far.stepsOf((await handle.describe()).runId)).toEqual(['beginRun', 'validate', 'transform', 'audit', 'publish', 'load', 'finishRun']);
    expect(rig.far.requests<PublishRequest>('publish')).toMatchObject([{ staged: [RAW, {}, {}], moves: [] }]);
    expect(rig.far.requests('listPositions')).toEqual([]);
    expect(rig.far.requests<LoadRequest>('load')).toMatchObject([{ restate: true }]);
  });

  it('that only delivers restates the tables of the stream as well; one of another mode restates nothing', async () => {
    rig.far.script = { beginRun: () => Promise.resolve({ topic: 'clicks' }) };
    await (await rig.start({ pipeline: rig.pipeline(), from: 'delivery' })).result();
    rig.far.script = {};
    await (await rig.start({ pipeline: rig.pipeline(), interval: HOUR })).result();
    expect(rig.far.requests<LoadRequest>('load')).toMatchObject([{ restate: true }, { restate: false }]);
  });

  it('never reads the topic by itself: what metadata refuses or leaves out ends it', async () => {
    rig.far.script = { beginRun: () => Promise.reject(new WeirError({ code: 'INVALID_VALUE', message: 'The topic of clicks is read by its stream.' })) };
    await expect(failureOf(await rig.start({ pipeline: rig.pipeline(), interval: HOUR, from: 'source' }))).resolves.toMatchObject({ type: 'INVALID_VALUE' });
    rig.far.script = { beginRun: () => Promise.resolve({ topic: 'clicks' }) };
    await expect(failureOf(await rig.start({ pipeline: rig.pipeline(), interval: HOUR }))).resolves.toMatchObject({ type: 'RAW_EXPIRED' });
    expect(rig.far.requests('extract')).toEqual([]);
  });

  it('has no payload above 64 KiB, however many partitions its topic has', async () => {
    const ranges = Array.from({ length: 1_000 }, (_, partition) => [partition, 1_234_567_890, 1_234_577_890, 1_767_261_600_002, 1_767_265_200_001]);
    rig.far.script = { beginRun: () => Promise.resolve({ topic: 'clicks'.repeat(40), rawOnly: true }) };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: HOUR, ranges });
    await handle.result();
    const sizes = ((await handle.fetchHistory()).events ?? []).flatMap((event) => {
      const payloads = [event.workflowExecutionStartedEventAttributes?.input, event.activityTaskScheduledEventAttributes?.input].flatMap((input) => input?.payloads ?? []);
      return payloads.map(({ data }) => data?.length ?? 0);
    });
    expect(Math.max(...sizes)).toBeGreaterThan(50_000);
    expect(Math.max(...sizes)).toBeLessThan(65_536);
  });
});
