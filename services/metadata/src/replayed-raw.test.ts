import { RunKind, RunStart, RunStatus, type BeginRunRequest, type SegmentSet } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { publish } from './publish';
import { derived, extracted, failedAfterExtract } from './testing/runs';
import { day, days, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

describe('runs that replay grains', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const replay = (pipeline: string, n: string, changes: Partial<BeginRunRequest> = {}): BeginRunRequest => ({ ...runRequest(pipeline, `${pipeline}-${n}`, days(0, 1), RunKind.REPLAY), startAt: RunStart.RAW, ...changes });
  const filesOf = async (raw: SegmentSet | undefined): Promise<string[][]> => {
    if (!raw) throw new Error('The run has no raw segments.');
    const { datasets } = await bench.lake.readManifest(raw);
    return datasets.flatMap(({ segments, partitions }) => [partitions.map(({ partition }) => partition), segments.map(({ source = '' }) => source)]);
  };

  async function publishedFiles(request: BeginRunRequest, files: Readonly<Record<string, string>>): Promise<void> {
    const { fence } = await beginRun(bench, request);
    const partitions = Object.values(files);
    const staged = [await extracted(bench, request, partitions, files), await derived(bench, request, partitions)];
    await publish(bench, { runId: request.runId, fence, staged, moves: [] });
    await finishRun(bench, { runId: request.runId, status: RunStatus.SUCCEEDED, error: undefined });
  }

  test('begin with the raw segments that are published, of their grains only, and publish them', async () => {
    const pipeline = 'replay-published';
    await givenPipeline(bench.pool, pipeline);
    await publishedFiles(runRequest(pipeline, `${pipeline}-1`, days(0, 2)), { '2010-12-01.csv': day(0), '2010-12-02.csv': day(1) });
    const begun = await beginRun(bench, replay(pipeline, '2'));
    expect(begun.interval).toEqual(days(0, 1));
    expect(await filesOf(begun.raw)).toEqual([[day(0)], ['2010-12-01.csv']]);
    expect(await beginRun(bench, replay(pipeline, '2'))).toEqual(begun);
    const staged = [begun.raw, await derived(bench, replay(pipeline, '2'), [day(0)])].flatMap((set) => set ?? []);
    expect(await publish(bench, { runId: `${pipeline}-2`, fence: begun.fence, staged, moves: [] })).toEqual({ snapshot: 2 });
  });

  test('are not the only ones that do: any run may that repeats none', async () => {
    const pipeline = 'again-published';
    await givenPipeline(bench.pool, pipeline);
    await publishedFiles(runRequest(pipeline, `${pipeline}-1`, days(0, 2)), { '2010-12-01.csv': day(0), '2010-12-02.csv': day(1) });
    const begun = await beginRun(bench, { ...runRequest(pipeline, `${pipeline}-2`, days(1, 2)), startAt: RunStart.RAW });
    expect(begun.interval).toEqual(days(1, 2));
    expect(await filesOf(begun.raw)).toEqual([[day(1)], ['2010-12-02.csv']]);
  });

  test('are refused for grains of which nothing is published, and leave no lease', async () => {
    const pipeline = 'replay-nothing';
    await givenPipeline(bench.pool, pipeline);
    await expect(beginRun(bench, replay(pipeline, '1'))).rejects.toMatchObject({ code: 'RAW_EXPIRED' });
    const { rows } = await bench.pool.query('select 1 from metadata.lease where pipeline = $1', [pipeline]);
    expect(rows).toEqual([]);
  });

  test('take a single grain of what a run extracted that failed', async () => {
    const pipeline = 'replay-failed';
    await givenPipeline(bench.pool, pipeline);
    await failedAfterExtract(bench, runRequest(pipeline, `${pipeline}-1`, days(0, 2)), { '2010-12-01.csv': day(0), '2010-12-02.csv': day(1) });
    const second = replay(pipeline, '2', { interval: days(1, 2), retryOf: `${pipeline}-1` });
    const begun = await beginRun(bench, second);
    expect(begun.interval).toEqual(days(1, 2));
    expect(await filesOf(begun.raw)).toEqual([[day(1)], ['2010-12-02.csv']]);
    await finishRun(bench, { runId: `${pipeline}-2`, status: RunStatus.FAILED, error: undefined });
    // A replay that failed can be replayed.
    expect(await filesOf((await beginRun(bench, { ...second, runId: `${pipeline}-3`, retryOf: `${pipeline}-2` })).raw)).toEqual([[day(1)], ['2010-12-02.csv']]);
    await expect(beginRun(bench, replay(pipeline, '4', { interval: days(1, 3), retryOf: `${pipeline}-1` }))).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  test('of a pipeline without a grain begin with all that is published', async () => {
    const pipeline = 'replay-whole';
    await givenPipeline(bench.pool, pipeline, { grain: undefined });
    await publishedFiles(runRequest(pipeline, `${pipeline}-1`), { 'all.csv': 'all' });
    const again = await beginRun(bench, replay(pipeline, '2', { interval: undefined }));
    expect(await filesOf(again.raw)).toEqual([['all'], ['all.csv']]);
  });
});
