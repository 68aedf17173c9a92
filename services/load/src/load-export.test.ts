import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportDestination, ExportFolder, type ExportManifest, type ExportStore } from '@weir/connectors';
import type { Definition, ExportLayout, FileExport, Model } from '@weir/core';
import { Lake } from '@weir/lake';
import { Egress, Secret } from '@weir/platform';
import { tempDir, type TempDir } from '@weir/testkit';
import { exportsIn } from './exports';
import { listHeads } from './list-heads';
import type { LoadDependencies } from './load-destination';
import { readExport } from './testing/read-export';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { definitionOf, destinationAt, newRun, TestLoad } from './testing/warehouse';

let folder: TempDir;
let lake: Lake;
/** No test here has tables. */
const unused = destinationAt({ host: '127.0.0.1', port: 1, database: 'none', user: 'none', password: '' });
beforeAll(async () => {
  folder = await tempDir();
});
beforeEach(() => {
  lake = new Lake(join(folder.path, 'lakes', randomUUID()));
});
afterAll(async () => {
  await unused.close();
  await folder?.dispose();
});

const COLUMNS: Model['columns'] = [{ name: 'id', type: 'BIGINT' }, { name: 'note', type: 'VARCHAR' }];
const PARQUET: ExportLayout = { format: 'parquet', compression: 'zstd' };
let nth = 0;

/** An export of its own, and how to read it. */
class World {
  readonly path = `export${(nth += 1)}`;

  constructor(
    private readonly datasets: readonly TestDataset[],
    private readonly fields: Partial<Definition> = {},
    private readonly places: { readonly folder?: string | undefined } = { folder: folder.path },
  ) {}

  load(layout: ExportLayout = PARQUET, overrides: Partial<LoadDependencies> = {}): TestLoad {
    const target: FileExport = { type: 'file', path: this.path, ...layout };
    const definition = (): Promise<Definition> => Promise.resolve({ ...definitionOf(this.datasets.map(({ model }) => model)), grain: '1h', destinations: [target], ...this.fields });
    const openExport = exportsIn({ folder: this.places.folder, egress: new Egress(), secretOf: () => new Secret('') });
    return new TestLoad({ lake }, unused, this.datasets, { definition, openExport, ...overrides });
  }

  async read(): Promise<Awaited<ReturnType<typeof readExport>>> {
    return readExport((name) => readFile(join(folder.path, this.path, name)), this.datasets.map(({ model }) => model));
  }

  async manifest(): Promise<ExportManifest> {
    return (await this.read()).manifest;
  }

  /** Files of the first table, by day. */
  async files(): Promise<Map<string, string[]>> {
    const byDay = new Map<string, string[]>();
    for (const { date = 'all', path } of (await this.manifest()).tables[0]?.files ?? []) byDay.set(date, [...(byDay.get(date) ?? []), path]);
    return byDay;
  }
}

const dataset = (fields: Partial<Model> = {}): TestDataset => new TestDataset(lake, testModel({ name: 'lines', columns: COLUMNS, writeMode: 'append', ...fields }));
const keyed = (fields: Partial<Model> = {}): TestDataset => dataset({ writeMode: 'upsert', key: ['id'], ...fields });
const rows = (...ids: string[]): TestRow[] => ids.map((id) => ({ id, note: 'same' }));
const grain = (day: number, hour = 0): string => `2010-12-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00Z`;

test('only days that changed are written anew; the files of the others are those of the version before', async () => {
  const lines = dataset();
  const world = new World([lines]);
  await world.load().to(await lines.publish(new Map([[grain(1, 1), rows('1', '2')], [grain(1, 2), rows('3')], [grain(2), rows('4')], [grain(3), rows('5')]])));
  const before = await world.files();
  expect([...before.keys()]).toEqual(['2010-12-01', '2010-12-02', '2010-12-03']);
  const { commit } = await world.manifest();
  expect(before.get('2010-12-02')?.[0]).toMatch(new RegExp(`^lines/date=2010-12-02/${commit}-\\d+\\.parquet$`));
  // One hour of a day, a day that says the same once more, and a day of which nothing is left.
  await world.load().to(await lines.publish(new Map([[grain(1, 2), rows('3', '6')], [grain(2), rows('4')], [grain(3), []]])));
  const after = await world.files();
  expect([...after.keys()]).toEqual(['2010-12-01', '2010-12-02']);
  expect(after.get('2010-12-02')).toEqual(before.get('2010-12-02'));
  expect(after.get('2010-12-01')).not.toEqual(before.get('2010-12-01'));
  const { manifest, tables } = await world.read();
  expect(tables.get('lines')?.rows.length).toBe(5);
  expect(manifest.tables[0]).toMatchObject({ rows: 5, partitions: [{ date: '2010-12-01', rows: 4, grains: 2 }, { date: '2010-12-02', rows: 1, grains: 1 }], change: { fromSnapshot: 1, rows: 1, deleted: 1 } });
});

test('a key lies in the day of its winner: where another day wins both are written anew, and no other', async () => {
  const lines = keyed();
  const world = new World([lines]);
  await world.load().to(await lines.publish(new Map([[grain(1), rows('1', '2')], [grain(2), rows('3')], [grain(3), rows('4')]])));
  const before = await world.files();
  await world.load().to(await lines.publish(new Map([[grain(4), rows('1')]])));
  const after = await world.files();
  expect((await world.manifest()).tables[0]?.partitions).toEqual([1, 2, 3, 4].map((day) => ({ date: `2010-12-0${day}`, rows: 1, grains: 1 })));
  expect(['2010-12-02', '2010-12-03'].map((day) => after.get(day))).toEqual(['2010-12-02', '2010-12-03'].map((day) => before.get(day)));
  expect((await world.read()).tables.get('lines')?.rows).toEqual(['1', '2', '3', '4'].map((id) => JSON.stringify([id, 'same'])));
});

test('more days than are written in one statement, each in its folder', async () => {
  const lines = dataset();
  const world = new World([lines]);
  const days = Array.from({ length: 70 }, (_, at) => new Date(Date.UTC(2010, 0, 1 + at)).toISOString().replace('.000Z', 'Z'));
  await world.load().to(await lines.publish(new Map(days.map((day, at) => [day, rows(String(at), String(at + 100))]))));
  expect((await world.manifest()).tables[0]?.partitions).toEqual(days.map((day) => ({ date: day.slice(0, 10), rows: 2, grains: 1 })));
  expect((await world.read()).tables.get('lines')?.rows.length).toBe(140);
});

test('a table whose model has a column `date` lies in folders of another name; one over history, one of versions and one without a grain in none', async () => {
  const dated = dataset({ columns: [...COLUMNS, { name: 'date', type: 'DATE' }] });
  const whole = dataset({ name: 'totals', scope: 'history', writeMode: 'overwrite' });
  const versions = dataset({ name: 'versions', writeMode: 'scd2', key: ['id'], sequence: 'at', columns: [...COLUMNS, { name: 'at', type: 'DATE' }] });
  const world = new World([dated, whole, versions]);
  await dated.publish(new Map([[grain(1), [{ id: '1', note: '', date: '1999-09-09' }]]]));
  await whole.publish(new Map([['all', rows('1')]]));
  await versions.publish(new Map([[grain(1), [{ id: '1', note: 'a', at: '2010-01-01' }]], [grain(2), [{ id: '1', note: 'b', at: '2010-02-01' }]]]));
  await world.load().to(1);
  const { manifest } = await world.read();
  expect(manifest.tables.map(({ name, partitionedBy, key, files }) => [name, partitionedBy, key, files.map(({ path }) => path.split('/').slice(0, -1).join('/'))])).toEqual([
    ['lines', '_weir_date', [], ['lines/_weir_date=2010-12-01']],
    ['totals', null, [], ['totals']],
    ['versions', null, ['id', 'valid_from'], ['versions']],
  ]);
  expect(manifest.tables[2]?.columns.slice(3)).toEqual([{ name: 'valid_from', type: 'DATE' }, { name: 'valid_to', type: 'DATE' }, { name: 'is_current', type: 'BOOLEAN' }]);
  const plain = dataset({ name: 'plain' });
  const ungrained = new World([plain], { grain: undefined });
  await ungrained.load().to(await plain.publish(new Map([['all', rows('1')]])));
  expect([...(await ungrained.files()).keys()]).toEqual(['all']);
});

test('a table without rows has one file without rows, which says its columns; it goes when there are rows', async () => {
  const lines = keyed();
  const world = new World([lines]);
  await world.load().to(await lines.publish(new Map([[grain(1), []]])));
  const empty = await world.read();
  expect([empty.manifest.tables[0]?.rows, empty.manifest.tables[0]?.files.length, empty.tables.get('lines')]).toEqual([0, 1, { columns: ['id BIGINT', 'note VARCHAR'], rows: [] }]);
  await world.load().to(await lines.publish(new Map([[grain(2), []]])));
  expect((await world.manifest()).tables[0]?.files).toEqual(empty.manifest.tables[0]?.files);
  await world.load().to(await lines.publish(new Map([[grain(2), rows('1')]])));
  expect([...(await world.files()).keys()]).toEqual(['2010-12-02']);
  await world.load().to(await lines.publish(new Map([[grain(2), []]])));
  expect([...(await world.files()).keys()]).toEqual(['all']);
});

const HOSTILE: TestRow[] = [
  { id: '1', text: '', amount: '99999999999999999999999999999999999.999', f: 'NaN', day: '9999-12-31', at: '1999-12-31 23:59:59.999999', yes: 'true' },
  { id: '2', text: 'a,"b"\r\n\n\t\\N\\.', amount: '-0.001', f: 'Infinity', day: '0001-01-01', at: '1970-01-01 00:00:00', yes: 'false' },
  { id: '3', text: `é漢😀${String.fromCodePoint(1, 31, 127)}NULL`, amount: '0.000', f: '-Infinity', day: null, at: null, yes: null },
  { id: '9223372036854775807', text: null, amount: null, f: '0.1', day: '2020-02-29', at: '2020-02-29 12:00:00', yes: 'true' },
  { id: '-9223372036854775808', text: ' null ', amount: '1.500', f: '5e-324', day: '2020-02-29', at: '2020-02-29 12:00:00', yes: 'true' },
  { id: '4', text: '{"a": [1, null]}', amount: '1.500', f: '1.7976931348623157e308', day: '2020-02-29', at: '2020-02-29 12:00:00', yes: 'true' },
];

test.each<ExportLayout>([
  { format: 'parquet', compression: 'none' },
  { format: 'parquet', compression: 'gzip' },
  { format: 'csv', compression: 'none' },
  { format: 'csv', compression: 'zstd' },
  { format: 'ndjson', compression: 'none' },
  { format: 'ndjson', compression: 'gzip' },
])('values arrive exactly in $format, $compression, in days and without', async (layout) => {
  const columns: Model['columns'] = [{ name: 'id', type: 'BIGINT' }, { name: 'text', type: 'VARCHAR' }, { name: 'amount', type: 'DECIMAL(38,3)' }, { name: 'f', type: 'DOUBLE' }, { name: 'day', type: 'DATE' }, { name: 'at', type: 'TIMESTAMP' }, { name: 'yes', type: 'BOOLEAN' }];
  const lines = keyed({ columns });
  const totals = dataset({ name: 'totals', columns, scope: 'history', writeMode: 'overwrite' });
  const world = new World([lines, totals]);
  await lines.publish(new Map([[grain(1), HOSTILE]]));
  await totals.publish(new Map([['all', HOSTILE]]));
  await world.load(layout).to(1);
  const spelled: Record<string, string> = { NaN: 'nan', Infinity: 'inf', '-Infinity': '-inf', '1.7976931348623157e308': '1.7976931348623157e+308' };
  const expected = HOSTILE.map((row) => JSON.stringify(columns.map(({ name }) => spelled[row[name] ?? ''] ?? row[name] ?? null)));
  const { tables } = await world.read();
  for (const name of ['lines', 'totals']) expect(tables.get(name)?.rows.map((row) => JSON.stringify(JSON.parse(row)))).toEqual([...expected].sort());
});

test('days of which the catalog has let a grain go: those of keys are written from what it still has, those of rows stay', async () => {
  const [lines, facts] = [keyed(), dataset({ name: 'facts' })];
  const world = new World([lines, facts]);
  for (const one of [lines, facts]) await one.publish(new Map([[grain(1, 1), rows('1', '2')], [grain(1, 2), rows('3')], [grain(2), rows('4')]]));
  await world.load().to(1);
  for (const one of [lines, facts]) one.expire([grain(1, 1), grain(2)]);
  for (const one of [lines, facts]) await one.publish(new Map([[grain(3), rows('1')]]));
  await world.load().to(2);
  const { tables, manifest } = await world.read();
  // Key 1 would be there twice otherwise.
  expect(tables.get('lines')?.rows).toEqual(['1', '3'].map((id) => JSON.stringify([id, 'same'])));
  expect(tables.get('facts')?.rows).toEqual(['1', '1', '2', '3', '4'].map((id) => JSON.stringify([id, 'same'])));
  expect(manifest.tables[1]?.partitions.map(({ date }) => date)).toEqual(['2010-12-01', '2010-12-03']);
});

test('at the same snapshot another format, or another list of models, is a new version; a load of an older definition leaves it alone', async () => {
  const [lines, more] = [keyed(), keyed({ name: 'more' })];
  const world = new World([lines]);
  for (const one of [lines, more]) await one.publish(new Map([[grain(1), rows('1')]]));
  const context = (definitionVersion: number) => ({ context: { ...newRun(), definitionVersion } });
  await world.load().to(1, context(1));
  await world.load({ format: 'csv', compression: 'none' }).to(1, context(2));
  expect((await world.manifest()).tables[0]).toMatchObject({ format: 'csv', rows: 1, files: [{ path: expect.stringMatching(/\.csv$/) }] });
  expect((await world.load().to(1, context(1))).tables).toMatchObject([{ insertedOrUpdated: 0, rowsInTable: 1 }]);
  expect((await world.manifest()).tables[0]?.format).toBe('csv');
});

test('an export beyond the catalog was loaded by another platform; a service without a folder refuses exports of type file', async () => {
  const old = keyed();
  const world = new World([old]);
  for (let snapshot = 1; snapshot <= 3; snapshot += 1) await old.publish(new Map([[grain(1), rows('1')]]));
  await world.load().to(3);
  old.snapshot = 1;
  await expect(world.load().to(1)).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', message: expect.stringContaining('another platform'), fix: expect.stringContaining('_weir/test.json') });
  await expect(new World([old], {}, {}).load().to(1)).rejects.toMatchObject({ code: 'DESTINATION_REFUSED', fix: expect.stringContaining('WEIR_EXPORTS') });
});

test('of a stream an export holds what the archive published, row models too', async () => {
  const records = keyed({ scope: 'row' });
  const world = new World([records], { mode: 'realtime', source: { type: 'kafka', dataset: 'records', topic: 'records', format: 'json', start: 'earliest' } as never });
  const record = (id: string, offset: number): TestRow => ({ id, note: String(offset), _weir_row_id: String(offset).padStart(32, '0'), _weir_position: `records:0:${offset}` });
  await world.load().to(await records.publish(new Map([[grain(1), [record('1', 1), record('2', 2)]], [grain(2), [record('1', 3), { ...record('2', 4), _weir_deleted: 'true' }]]])));
  expect((await world.read()).tables.get('lines')).toMatchObject({ rows: [JSON.stringify(['1', '3'])] });
});

test('heads are those of the tables of an export; before its first load there are none, and asking writes nothing into it', async () => {
  const lines = keyed();
  const world = new World([lines]);
  const heads = async () => (await listHeads({ ...world.load().deps, newestDefinition: world.load().deps.definition as never }, { pipeline: 'test' }, new AbortController().signal)).heads;
  expect(await heads()).toEqual([]);
  expect(await readdir(join(folder.path, world.path))).toEqual([]);
  await world.load().to(await lines.publish(new Map([[grain(1), rows('1')]])));
  expect(await heads()).toEqual([{ connection: `file:${world.path}`, table: `file:${world.path}/lines`, snapshot: 1 }]);
});

test('without the condition on the pointer a zombie brings old rows back: what the suite of all destinations would notice', async () => {
  const lines = keyed();
  const world = new World([lines]);
  await world.load().to(await lines.publish(new Map([[grain(1), rows('1')]])));
  await lines.publish(new Map([[grain(1), rows('2')]]));
  await lines.publish(new Map([[grain(1), rows('3')]]));
  const catalog = TestDataset.catalog([lines]);
  const openExport: LoadDependencies['openExport'] = async () => new ExportDestination(await unconditional(world.path));
  let asked = 0;
  const slow: typeof catalog = {
    ...catalog,
    difference: async (request, signal) => {
      if ((asked += 1) === 1) await world.load().to(3);
      return catalog.difference(request, signal);
    },
  };
  await world.load(PARQUET, { catalog: slow, openExport }).to(2);
  expect((await world.read()).tables.get('lines')?.rows).toEqual([JSON.stringify(['2', 'same'])]);
});

/** A store that has lost its condition. */
async function unconditional(path: string): Promise<ExportStore> {
  const store = await ExportFolder.open(folder.path, path);
  const replace: ExportStore['replace'] = async (name, bytes) => store.replace(name, bytes, (await store.read(name, 1e6))?.tag);
  return new Proxy(store, { get: (target, key) => (key === 'replace' ? replace : typeof Reflect.get(target, key) === 'function' ? (Reflect.get(target, key) as () => unknown).bind(target) : Reflect.get(target, key)) });
}
