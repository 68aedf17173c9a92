import { MAX_GRAINS } from '@weir/core';
import { RunStatus, type BeginRunRequest, type Interval, type ListSourcesResponse } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { listSources } from './list-sources';
import { publish } from './publish';
import { derived, extracted } from './testing/runs';
import { day, days, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

describe('listSources', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const pages = async (pipeline: string, interval?: Interval, dataset?: string) => {
    const all: ListSourcesResponse[] = [];
    await listSources(bench, { pipeline, interval, dataset }, async (page) => void all.push(page));
    return all;
  };
  const sources = async (pipeline: string, interval?: Interval) => {
    const all = await pages(pipeline, interval);
    return { files: all.flatMap((page) => page.files).map((file) => [file.partition.slice(8, 10), file.source]), empty: all.flatMap((page) => page.empty) };
  };
  /** A run that read files by name, each of one day. */
  const read = async (request: BeginRunRequest, from: number, to: number, files: Readonly<Record<string, string>>) => {
    const partitions = Array.from({ length: to - from }, (_, n) => day(from + n));
    const { fence } = await beginRun(bench, request);
    const staged = [await extracted(bench, request, partitions, files), await derived(bench, request, partitions)];
    await publish(bench, { runId: request.runId, fence, staged, moves: [] });
    await finishRun(bench, { runId: request.runId, status: RunStatus.SUCCEEDED, error: undefined });
  };

  test('gives the files of the newest publish of every partition, and those that had none', async () => {
    const pipeline = await givenPipeline(bench.pool, 'read');
    await read(runRequest(pipeline, 'read-1', days(0, 3)), 0, 3, { 'b.csv': day(0), 'a.csv': day(0), '2.csv': day(1), '3.csv': day(2) });
    await read(runRequest(pipeline, 'read-2', days(2, 4)), 2, 4, { '4.csv': day(3) });
    expect(await sources(pipeline)).toEqual({ files: [['01', 'b.csv'], ['01', 'a.csv'], ['02', '2.csv'], ['04', '4.csv']], empty: [day(2)] });
    expect(await sources(pipeline, days(1, 3))).toEqual({ files: [['02', '2.csv']], empty: [day(2)] });
    const { rows } = await bench.pool.query<{ sha256: string; bytes: string }>(`select sha256, bytes from metadata.segment where source = '4.csv'`);
    expect((await pages(pipeline, days(3, 4)))[0]?.files).toEqual([
      { partition: day(3), source: '4.csv', bytes: Number(rows[0]?.bytes), sha256: rows[0]?.sha256, rows: 1, publishedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
  });

  test('of another dataset gives what raw had when each partition was published, though raw has gone on since', async () => {
    const pipeline = await givenPipeline(bench.pool, 'read-derived');
    await read(runRequest(pipeline, 'read-derived-1', days(0, 2)), 0, 2, { 'a.csv': day(0), 'b.csv': day(1) });
    await read(runRequest(pipeline, 'read-derived-2', days(1, 2)), 1, 2, { 'later.csv': day(1) });
    // As if that publish had brought raw alone of the first day.
    const raw = `(select id from metadata.dataset where pipeline = 'read-derived' and name = 'raw.orders')`;
    await bench.pool.query(`update metadata.partition_version set to_snapshot = 2 where partition = '${day(0)}' and dataset_id = ${raw}`);
    await bench.pool.query(`insert into metadata.partition_version (dataset_id, partition, from_snapshot, rows, segments) select ${raw}, '${day(0)}', 2, 1, array[0]`);
    const of = async (dataset: string | undefined, interval?: Interval) => (await pages(pipeline, interval, dataset)).flatMap((page) => page.files).map(({ partition, source }) => [partition.slice(8, 10), source]);
    expect(await of(undefined)).toEqual([['01', 'later.csv'], ['02', 'later.csv']]);
    expect(await of('silver.lines')).toEqual([['01', 'a.csv'], ['02', 'later.csv']]);
    expect(await of('silver.lines', days(1, 2))).toEqual([['02', 'later.csv']]);
    await expect(of('silver.nothing')).rejects.toMatchObject({ code: 'UNKNOWN_DATASET' });
  });

  test('leaves out what was published before files were recorded by name', async () => {
    const pipeline = await givenPipeline(bench.pool, 'read-before');
    await read(runRequest(pipeline, 'read-before-1', days(0, 2)), 0, 2, { '1.csv': day(0), '2.csv': day(1) });
    await bench.pool.query(`update metadata.segment set source = null where source = '1.csv' and dataset_id in (select id from metadata.dataset where pipeline = 'read-before')`);
    expect(await sources(pipeline)).toEqual({ files: [['02', '2.csv']], empty: [] });
  });

  test('has nothing of a pipeline that published nothing', async () => {
    await givenPipeline(bench.pool, 'read-nothing');
    await givenPipeline(bench.pool, 'read-whole', { grain: undefined });
    expect(await pages('read-nothing')).toEqual([]);
    expect(await pages('read-whole')).toEqual([]);
    await expect(pages('read-whole', days(0, 1))).rejects.toMatchObject({ code: 'INVALID_INTERVAL', message: expect.stringContaining('has no grain') });
    await expect(pages('read-nothing', { start: '2010-12-01T05:00:00Z', end: '2010-12-02' })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
    await expect(pages('nobody')).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  });

  test('gives thousands of files in pages, complete and in order', async () => {
    const pipeline = await givenPipeline(bench.pool, 'read-many');
    await read(runRequest(pipeline, 'read-many-1', days(0, 1)), 0, 1, { '1.csv': day(0) });
    const { rows } = await bench.pool.query<{ id: string }>(`select id from metadata.dataset where pipeline = 'read-many' and name = 'raw.orders'`);
    // The run as if it had read 12,000 days, each from a file with a long name.
    const partition = `to_char(timestamp '2010-12-01' + n * interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
    await bench.pool.query(
      `insert into metadata.segment (dataset_id, snapshot, ordinal, path, sha256, bytes, rows, partitions, source)
       select $1, 1, n, 'x', repeat('0', 64), n, 1, 1, repeat('long/', 40) || n from generate_series(1, 11999) as n`, [rows[0]?.id]);
    await bench.pool.query(`insert into metadata.partition_version (dataset_id, partition, from_snapshot, rows, segments) select $1, ${partition}, 1, 1, array[n] from generate_series(1, 11999) as n`, [rows[0]?.id]);
    const all = await pages(pipeline);
    expect(all.length).toBeGreaterThan(3);
    for (const page of all) expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(2 * 1024 * 1024);
    expect(all.flatMap((page) => page.files).map((file) => file.bytes)).toEqual([expect.any(Number), ...Array.from({ length: 11_999 }, (_, n) => n + 1)]);
    expect((await pages(pipeline, days(0, MAX_GRAINS))).flatMap((page) => page.files)).toHaveLength(MAX_GRAINS);
  });
});
