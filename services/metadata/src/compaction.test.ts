import { chmod, utimes, writeFile } from 'node:fs/promises';
import type { CompactedDay } from '@weir/rpc';
import { FILE_BYTES, MAX_FILES, planDay, type DayVersion } from './compaction-day';
import type { NamedSegment } from './live-segments';
import { planCompaction } from './plan-compaction';
import { replaceSegments } from './replace-segments';
import { compact, planned, publishHours, rewritten } from './testing/compaction';
import { collect, DAY_MS, filesOf } from './testing/garbage';
import { day, difference, givenPipeline, liveSegments, openWorkbench, type Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench?.dispose());

const DATASET = 'bronze.orders';
const HOUR_MS = 3_600_000;
const hour = (n: number): string => new Date(Date.parse(day(0)) + n * HOUR_MS).toISOString();

/** A pipeline of an hour's grain with a run over some hours. */
async function published(name: string, hours: number): Promise<string> {
  const pipeline = await givenPipeline(bench.pool, name, { grain: '1h' });
  await publishHours(bench, pipeline, { runId: `${name}-1`, interval: { start: hour(0), end: hour(hours) }, files: 1 });
  return pipeline;
}

describe('what is planned', () => {
  test('leaves what was published within the time to settle, and a day that is in its shape', async () => {
    const pipeline = await published('settling', 30);
    expect(await planned(bench, pipeline, DATASET, HOUR_MS)).toEqual([]);
    await bench.pool.query(`update metadata.snapshot set published_at = published_at - interval '61 minutes' where pipeline = $1`, [pipeline]);
    expect((await planned(bench, pipeline, DATASET, HOUR_MS)).map(({ date, partitions }) => [date, partitions.length])).toEqual([['2010-12-01', 24], ['2010-12-02', 6]]);
    await compact(bench, pipeline, DATASET);
    await publishHours(bench, pipeline, { runId: 'settling-2', interval: { start: hour(5), end: hour(6) }, files: 1 });
    // The file of the day holds an hour that is live no more; the new hour is left until it has settled.
    const [first, ...more] = await planned(bench, pipeline, DATASET, HOUR_MS);
    expect([first?.date, first?.partitions.length, first?.files.length, more.length]).toEqual(['2010-12-01', 23, 1, 0]);
  });

  test('comes in days from one on, and names the size of files', async () => {
    const pipeline = await published('paged', 80);
    const after = (date: string) => planCompaction(bench, { pipeline, dataset: DATASET, settleMs: 0, after: date });
    expect((await after('')).days.map(({ date }) => date)).toEqual(['2010-12-01', '2010-12-02', '2010-12-03', '2010-12-04']);
    expect(await after('2010-12-03')).toMatchObject({ days: [{ date: '2010-12-04', partitions: { length: 8 } }], fileBytes: FILE_BYTES });
    expect((await after('2010-12-04')).days).toEqual([]);
  });

  test('is nothing of raw, of a dataset that there is not, and for no time that there is', async () => {
    const pipeline = await published('refused', 1);
    const asked = (dataset: string, settleMs = 0) => planCompaction(bench, { pipeline, dataset, settleMs, after: '' });
    await expect(asked('raw.orders')).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(asked('bronze.nothing')).rejects.toMatchObject({ code: 'UNKNOWN_DATASET' });
    await expect(asked(DATASET, -1)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(planCompaction(bench, { pipeline: 'nobody', dataset: DATASET, settleMs: 0, after: '' })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  });
});

describe('a day', () => {
  const fileOf = (n: number, changes: Partial<NamedSegment> = {}): NamedSegment => ({ snapshot: 1, ordinal: n, path: `f${n}`, sha256: '', bytes: 1_000, rows: 1, source: null, compacted: false, zone_map: null, partitions: [String(n)], held: 1, whole: true, ...changes });
  const versionOf = (n: number, segments: readonly number[], settled = true): DayVersion => ({ partition: `p${String(n).padStart(5, '0')}`, from_snapshot: 1, segments_of: 1, segments, settled });

  test('of more files than are opened at once is done in parts, each partition with all of its files', () => {
    const files = Array.from({ length: 2 * MAX_FILES + 1 }, (_, n) => fileOf(n));
    // Of two files each, save for the last.
    const versions = Array.from({ length: MAX_FILES + 1 }, (_, n) => versionOf(n, [2 * n, 2 * n + 1].filter((ordinal) => ordinal < files.length)));
    const first = planDay({ date: '2010-12-01', versions }, files);
    expect([first?.files.length, first?.partitions.length]).toEqual([MAX_FILES, MAX_FILES / 2]);
    expect(new Set(first?.partitions.flatMap(({ segments }) => segments))).toEqual(new Set(Array.from({ length: MAX_FILES }, (_, n) => n)));
  });

  test('whose large files are in their shape is left, small ones beside others are joined', () => {
    const shaped = (n: number, bytes: number) => fileOf(n, { compacted: true, bytes });
    const versions = [versionOf(0, [0]), versionOf(1, [1])];
    expect(planDay({ date: '2010-12-01', versions }, [shaped(0, FILE_BYTES), shaped(1, 1)])).toBeUndefined();
    const more = [...versions, versionOf(2, [2])];
    expect(planDay({ date: '2010-12-01', versions: more }, [shaped(0, FILE_BYTES), shaped(1, 1), fileOf(2)])?.files.map(({ path }) => path)).toEqual(['f1', 'f2']);
  });

  test('of a dataset without days one file is enough, whoever wrote it', () => {
    const versions = [versionOf(0, [0, 1])];
    expect(planDay({ date: '', versions }, [fileOf(0)])).toBeUndefined();
    expect(planDay({ date: '', versions }, [fileOf(0), fileOf(1)])?.files).toHaveLength(2);
    expect(planDay({ date: '', versions }, [fileOf(0), fileOf(1, { bytes: FILE_BYTES })])).toBeUndefined();
  });
});

describe('what is replaced', () => {
  async function prepared(name: string): Promise<{ pipeline: string; days: CompactedDay[]; replace: (days: readonly CompactedDay[]) => Promise<unknown> }> {
    const pipeline = await published(name, 3);
    const days = await rewritten(bench, pipeline, DATASET, await planned(bench, pipeline, DATASET));
    return { pipeline, days, replace: (changed) => replaceSegments(bench, { pipeline, dataset: DATASET, days: [...changed] }) };
  }

  test('has the rows, bytes, bounds and place of the new file, in every snapshot, and is no difference to a destination', async () => {
    const { pipeline, days, replace } = await prepared('named-anew');
    await publishHours(bench, pipeline, { runId: 'named-anew-2', interval: { start: hour(30), end: hour(31) }, files: 1 });
    expect(await replace(days)).toEqual({ skipped: [] });
    const [file] = days[0]?.files ?? [];
    const whole = { path: file?.path, sha256: file?.sha256, bytes: file?.bytes, rows: 3, partitions: [0, 1, 2].map((n) => hour(n).replace('.000', '')), whole: true, zoneMap: file?.zoneMap };
    expect(await liveSegments(bench.pool, pipeline, DATASET, 1)).toEqual([whole]);
    const { before, after, unchanged } = await difference(bench.pool, { pipeline, dataset: DATASET, fromSnapshot: 1, toSnapshot: 2 });
    expect([before, after.map(({ partitions }) => partitions), unchanged]).toEqual([[], [[hour(30).replace('.000', '')]], [whole]]);
  });

  test('leaves the files that readers were told of for the time of grace, however old they are', async () => {
    const { pipeline, days, replace } = await prepared('still-read');
    const [old] = await liveSegments(bench.pool, pipeline, DATASET);
    const daysAgo = new Date(Date.now() - 3 * DAY_MS);
    for (const path of await filesOf(bench.lake, pipeline)) await utimes(bench.lake.absolute(path), daysAgo, daysAgo);
    await replace(days);
    const there = async (): Promise<boolean> => (await filesOf(bench.lake, pipeline)).includes(old?.path ?? '');
    const collected = () => collect(bench, { pipeline, passedSnapshot: 1, graceMs: DAY_MS });
    await collected();
    expect(await there()).toBe(true);
    await bench.pool.query(`update metadata.expired_file set expired_at = expired_at - interval '25 hours' where pipeline = $1`, [pipeline]);
    await collected();
    expect(await there()).toBe(false);
    expect((await liveSegments(bench.pool, pipeline, DATASET)).map(({ path }) => path)).toEqual([days[0]?.files[0]?.path]);
  });

  test('nothing is when a file is not as it was said to be', async () => {
    const { pipeline, days, replace } = await prepared('corrupt');
    const path = bench.lake.absolute(days[0]?.files[0]?.path ?? '');
    await chmod(path, 0o600);
    await writeFile(path, 'something else');
    const before = await liveSegments(bench.pool, pipeline, DATASET);
    await expect(replace(days)).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    expect(await liveSegments(bench.pool, pipeline, DATASET)).toEqual(before);
  });

  test.each<[string, (day: CompactedDay) => CompactedDay]>([
    ['that lack a partition of their day', (one) => ({ ...one, files: one.files.map((file) => ({ ...file, partitions: file.partitions.slice(1) })) })],
    ['that hold another', (one) => ({ ...one, files: one.files.map((file) => ({ ...file, partitions: [...file.partitions, hour(9)] })) })],
    ['that lie elsewhere', (one) => ({ ...one, files: one.files.map((file) => ({ ...file, path: file.path.replace('bronze/', 'silver/') })) })],
    ['of a partition that is listed twice', (one) => ({ ...one, partitions: [...one.partitions, ...one.partitions.slice(0, 1)] })],
  ])('files %s are refused', async (words, change) => {
    const { pipeline, days, replace } = await prepared(`wrong-${words.replaceAll(' ', '-').slice(0, 30)}`);
    await expect(replace(days.map(change))).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect((await liveSegments(bench.pool, pipeline, DATASET)).map(({ zoneMap }) => zoneMap)).toEqual([undefined]);
  });
});
