import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableSpec } from '@weir/connectors';
import { quoteLiteral, type ColumnType } from '@weir/core';
import { withEngine, type RelationSegment } from '@weir/engine';
import { Lake } from '@weir/lake';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { computeDifference, enginesIn } from './compute-difference';
import { KeyRanges, type RangedSegment } from './key-ranges';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { destinationAt, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';

let warehouse: Warehouse;
let folder: TempDir;
beforeAll(async () => {
  [warehouse, folder] = await Promise.all([openWarehouse(), tempDir()]);
});
afterAll(async () => {
  await folder?.dispose();
  await warehouse?.dispose();
});

function specOf(...types: ColumnType[]): TableSpec {
  const columns = types.map((type, at) => ({ name: `k${at}`, type }));
  return { schema: 'test', name: 'ranged', columns, identity: { by: 'key', columns: columns.map(({ name }) => name) }, lineage: false };
}

let nth = 0;

/** Writes keys as files, learns all of them and says which of the later files may have a key of the first. */
async function near(spec: TableSpec, files: readonly (readonly (readonly (string | null)[])[])[]): Promise<number[]> {
  const ranges = new KeyRanges();
  const dir = join(folder.path, `case-${(nth += 1)}`);
  await mkdir(dir);
  const segments: RelationSegment[] = files.map((_, at) => ({ absolutePath: join(dir, `${at}.parquet`), partitions: [], whole: true }));
  await withEngine({ inputs: [], staging: dir, memoryLimit: '256MB', threads: 1 }, async (engine) => {
    for (const [at, keys] of files.entries()) {
      const rows = keys.map((key) => `(${key.map((value, column) => `${value === null ? 'null' : quoteLiteral(value)}::${spec.columns[column]?.type}`).join(', ')})`);
      const names = spec.columns.map(({ name }) => name).join(', ');
      await engine.run(`copy (select * from (values ${rows.join(', ')}) t(${names})) to ${quoteLiteral(segments[at]?.absolutePath ?? '')} (format parquet)`);
    }
    await ranges.learn(engine, spec, segments);
  });
  const found = ranges.overlapping(spec, segments.slice(0, 1), segments.slice(1));
  return found.map(({ absolutePath }) => segments.findIndex((segment) => segment.absolutePath === absolutePath));
}

test.each<[ColumnType, (string | null)[][], number[]]>([
  ['BIGINT', [['10', '20'], ['-9', '9'], ['9', '10'], ['15'], ['20', '300'], ['21', '30'], ['9', '300']], [2, 3, 4, 6]],
  ['DECIMAL(12,2)', [['-0.50', '0.50'], ['-9.00', '-0.51'], ['-9.00', '-0.50'], ['0.51'], ['10.00']], [2]],
  ['VARCHAR', [['b', 'd'], ['B', 'a'], ['cz'], ['d'], ['da', 'é'], ['é']], [2, 3]],
  ['VARCHAR', [['b', 'd'], ['x'.repeat(257)], ['x'.repeat(256)]], [1]],
  ['DATE', [['2024-01-31', '2024-02-01'], ['2023-12-31', '2024-01-30'], ['2024-02-01'], ['infinity'], ['0044-03-15 (BC)']], [2, 3]],
  ['TIMESTAMP', [['2024-01-01 00:00:00', '2024-01-01 00:59:59.999999'], ['2024-01-01 01:00:00'], ['2024-01-01 00:30:00'], ['-infinity', '2020-01-01 00:00:00']], [2, 3]],
  ['BIGINT', [['10', '20'], ['1', null], ['1']], [1]],
])('%s: files without a key between the least and the greatest that changed are left out', async (type, files, expected) => {
  expect(await near(specOf(type), files.map((keys) => keys.map((key) => [key])))).toEqual(expected);
});

test('one column of the key that lies elsewhere is enough, also beside one that cannot be told', async () => {
  const files = [[['5', 'true']], [['6', 'true']], [['5', 'false']]];
  expect(await near(specOf('BIGINT', 'BOOLEAN'), files)).toEqual([2]);
  expect([KeyRanges.applyTo(specOf('BIGINT', 'BOOLEAN')), KeyRanges.applyTo(specOf('BOOLEAN', 'DOUBLE'))]).toEqual([true, false]);
});

test('no file that has a key of the changed one is ever left out', async () => {
  const key = fc.tuple(fc.option(fc.integer({ min: -3, max: 3 }).map(String)), fc.option(fc.constantFrom('', 'a', 'A', 'é', '\u{1F600}', '\uFFFD', 'a'.repeat(300))));
  const files = fc.array(fc.array(key, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(files, async (all) => {
      const changed = new Set(all[0]?.map((one) => JSON.stringify(one)));
      const sharing = all.flatMap((keys, at) => (at > 0 && keys.some((one) => changed.has(JSON.stringify(one))) ? [at] : []));
      expect(await near(specOf('BIGINT', 'VARCHAR'), all)).toEqual(expect.arrayContaining(sharing));
    }),
    { numRuns: 60 },
  );
});

test('a new partition with keys of its own does not open the other segments, one with a key of theirs does', async () => {
  const dataset = new TestDataset(warehouse.lake, testModel({ name: 'far_apart', writeMode: 'upsert', key: ['id'], columns: [{ name: 'id', type: 'BIGINT' }] }));
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, [dataset]);
  const partition = async (name: string, ...ids: string[]) => load.to(await dataset.publish(new Map<string, TestRow[]>([[name, ids.map((id) => ({ id }))]])));
  await partition('p1', '1', '2');
  await partition('p2', '11', '12');
  await partition('p3', '21', '22');
  // What is gone cannot be opened.
  await rm(warehouse.lake.absolute(dataset.pathAt(1)), { force: true });
  expect((await partition('p4', '12', '31')).tables[0]).toMatchObject({ insertedOrUpdated: 1, rowsInTable: 7 });
  await expect(partition('p5', '2', '41')).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  await destination.close();
});

test('a service that knows no ranges yet reads those of all segments once', async () => {
  const dataset = new TestDataset(warehouse.lake, testModel({ name: 'restarted_ranges', writeMode: 'upsert', key: ['id'], columns: [{ name: 'id', type: 'BIGINT' }] }));
  const destination = destinationAt(warehouse.config);
  const publish = (nth: number) => dataset.publish(new Map<string, TestRow[]>([[`p${nth}`, [{ id: String(nth) }]]]));
  await new TestLoad(warehouse, destination, [dataset]).to(await publish(1));
  const reborn = new TestLoad(warehouse, destination, [dataset]);
  await reborn.to(await publish(2));
  await rm(warehouse.lake.absolute(dataset.pathAt(1)), { force: true });
  expect((await reborn.to(await publish(3))).tables[0]).toMatchObject({ insertedOrUpdated: 1, rowsInTable: 3 });
  await expect(new TestLoad(warehouse, destination, [dataset]).to(await publish(4))).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  await destination.close();
});

test('what the catalog says of segments leaves them out before any is opened, and the rows are the same', async () => {
  const spec: TableSpec = { ...specOf('BIGINT', 'VARCHAR'), identity: { by: 'key', columns: ['k0'] } };
  const dir = join(folder.path, 'told');
  await mkdir(dir);
  // Of every partition one file with ten keys; the newest two change a key of the second and add one beyond all.
  const keys = [...Array.from({ length: 12 }, (_, n) => Array.from({ length: 10 }, (__, k) => n * 10 + k)), [17], [500]];
  const segments: RangedSegment[] = [];
  await withEngine({ inputs: [], staging: dir, memoryLimit: '256MB', threads: 1 }, async (engine) => {
    for (const [n, list] of keys.entries()) {
      const absolutePath = join(dir, `${n}.parquet`);
      await engine.run(`copy (select 'p${String(n).padStart(2, '0')}' as _weir_partition, k::bigint as k0, 'of ${n}' as k1 from (values ${list.map((key) => `(${key})`).join()}) t(k)) to ${quoteLiteral(absolutePath)} (format parquet)`);
      segments.push({ absolutePath, partitions: [], whole: true, ranges: [{ column: 'k0', type: 'BIGINT', low: String(Math.min(...list)), high: String(Math.max(...list)) }] });
    }
  });
  const differenceOf = async (known: readonly RangedSegment[], name: string) => {
    let opened = 0;
    const scratch = await new Lake(folder.path).scratch(name, 'a1');
    const over = enginesIn(scratch, { memoryLimit: '256MB', threads: 1 }, new AbortController().signal);
    const counting: typeof over = (read, body) => {
      opened = Math.max(opened, read.length);
      return over(read, body);
    };
    const difference = { before: [], after: known.slice(-2), unchanged: known.slice(0, -2) };
    const { upserts, deletes } = await computeDifference({ over: counting, ranges: new KeyRanges(), dir: scratch.dir }, spec, { identified: false, log: false }, difference);
    const text = async (paths: readonly string[]): Promise<string[]> => (await Promise.all(paths.map((path) => readFile(path, 'utf8')))).join('').split('\n').sort();
    return { opened, upserts: await text(upserts.paths), deletes: await text(deletes.paths) };
  };
  const untold = await differenceOf(segments.map(({ ranges: _, ...segment }) => segment), 'untold');
  const told = await differenceOf(segments, 'by-zone-maps');
  expect([untold.opened, told.opened]).toEqual([14, 3]);
  expect(told).toEqual({ ...untold, opened: 3 });
  expect(told.upserts.filter(Boolean).map((line) => line.split(',')[0])).toEqual(['"17"', '"500"']);
  // Of a column that had another type then nothing is known.
  const otherwise = await differenceOf(segments.map((segment) => ({ ...segment, ranges: segment.ranges?.map((range) => ({ ...range, type: 'VARCHAR' })) })), 'of-another-type');
  expect(otherwise).toEqual(untold);
});
