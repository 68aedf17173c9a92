import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Check, Measure, Model, Threshold } from '@weir/core';
import { withEngine, writeParquet } from '@weir/engine';
import { segmentPath, type ManifestDataset } from '@weir/lake';
import type { LiveSegment } from '@weir/rpc';
import { HEADER, line, retail, Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());
beforeEach(() => {
  bench.catalog.asked.length = 0;
  bench.catalog.rows.clear();
  bench.catalog.segments.clear();
});

const DAY = { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' };
const day = (n: number): string => `2010-11-${String(n).padStart(2, '0')}T00:00:00Z`;
const check = (measure: Measure, threshold: Threshold): Check => ({ id: 'c', severity: 'warning', type: 'consistency', measure, threshold });
const NONE: Threshold = { equal: 0, unit: 'rows' };

/** Judges rows of bronze of a pipeline with days, or of one without. */
async function judge(lines: readonly string[], one: Check, grains: typeof DAY | 'none' = DAY) {
  const interval = grains === 'none' ? undefined : grains;
  const base = retail({ dataset: { checks: [one] } });
  bench.definition = interval ? { ...base, grain: '1d' } : base;
  const content = [HEADER, ...lines].map((text) => `${text}\n`).join('');
  const { result } = await bench.validate([{ name: 'a.csv', content, partition: interval?.start ?? 'all' }], interval ? { interval } : {});
  return result?.checks[0];
}

const model = (name: string, scope: Model['scope'] = 'interval'): Model => ({
  name, zone: 'silver', file: `models/silver/${name}.sql`, sql: 'select 1', scope, inputs: [], key: [], writeMode: 'append', columns: [{ name: 'code', type: 'VARCHAR' }, { name: 'n', type: 'BIGINT' }],
});

/** Writes rows `(partition, code, n)` of a dataset into the lake. */
async function segmentsOf(dataset: string, rows: string): Promise<ManifestDataset> {
  const runId = randomUUID();
  const scratch = await bench.lake.scratch(runId, 'first');
  const files = await withEngine({ inputs: [], staging: scratch.dir, memoryLimit: '128MB', threads: 1 }, (engine) =>
    writeParquet(engine, { select: `select * from (values ${rows}) t(_weir_partition, code, n)`, dir: join(scratch.dir, 'out'), name: dataset }),
  );
  const segments = await Promise.all(files.map(async (file, n) => {
    const path = segmentPath('retail', dataset, runId, 'first', n);
    return { path, rows: file.rows, ...(await bench.lake.adopt(file.path, path)), partitions: file.partitions.map(({ partition }) => partition) };
  }));
  await scratch.dispose();
  return { dataset, partitions: files.flatMap((file) => file.partitions), segments };
}

const live = ({ segments }: ManifestDataset): LiveSegment[] => segments.map(({ path, sha256, bytes, partitions }) => ({ path, sha256, bytes, partitions: [...partitions], whole: true }));

describe('volume', () => {
  const volume = check({ kind: 'volume', last: 3, atLeast: 2 }, { between: [0.5, 2], unit: 'value' });
  const lines = (count: number): string[] => Array.from({ length: count }, (_, n) => line(String(n)));

  it('holds the rows of a grain against those of the grains before it', async () => {
    bench.catalog.rows.set('retail bronze.orders', [['2010-12-05T00:00:00Z', 1_000], [DAY.start, 900], [day(30), 4], [day(29), 5], [day(28), 6], [day(27), 100]]);
    expect(await judge(lines(10), volume)).toMatchObject({ passed: true, value: 2, threshold: 'between 0.5 and 2', measure: 'volume' });
    expect(await judge(lines(2), volume)).toMatchObject({ passed: false, value: 0.4 });
    expect(bench.catalog.asked).toEqual(['history retail bronze.orders 2010-12-01T00:00:00Z', 'history retail bronze.orders 2010-12-01T00:00:00Z']);
  });

  it('takes a run over several grains for as many', async () => {
    bench.catalog.rows.set('retail bronze.orders', [[day(29), 5], [day(28), 5]]);
    expect(await judge(lines(20), volume, { start: day(29), end: DAY.end })).toMatchObject({ passed: true, actual: 'no history yet: 1 of 2' });
    expect(await judge(lines(20), volume, { start: day(30), end: DAY.end })).toMatchObject({ value: 2 });
  });

  it('holds a dataset without grains against its earlier versions', async () => {
    bench.catalog.rows.set('retail bronze.orders', [['all', 4], ['all', 4]]);
    expect(await judge(lines(2), volume, 'none')).toMatchObject({ value: 0.5 });
    expect(bench.catalog.asked).toEqual(['history retail bronze.orders ']);
  });

  it('asks the catalog only where a check needs it', async () => {
    await judge(lines(2), check({ kind: 'count' }, { equal: 2, unit: 'rows' }));
    expect(bench.catalog.asked).toEqual([]);
  });
});

describe('freshness', () => {
  const fresh = check({ kind: 'freshness', column: 'invoice_date' }, { atMost: 86_400, unit: 'seconds' });

  it('counts from the end of the interval, not from now', async () => {
    bench.now = new Date('2026-01-01T00:00:00Z');
    expect(await judge([line('1')], fresh)).toMatchObject({ passed: true, actual: '15h 34m' });
    expect(await judge([line('1', { 4: '2010-11-30 23:59:59' })], fresh)).toMatchObject({ passed: false, actual: '1d 1s' });
  });

  it('counts from now where there is no interval', async () => {
    bench.now = new Date('2010-12-03T08:26:00Z');
    expect(await judge([line('1')], fresh, 'none')).toMatchObject({ passed: false, actual: '2d', value: 172_800 });
  });
});

describe('reference', () => {
  const referring = check({ kind: 'reference', columns: ['stock_code'], dataset: 'silver.codes', in: ['code'] }, NONE);

  it('finds the rows of bronze whose values are not in what is published of a model', async () => {
    bench.catalog.segments.set('retail silver.codes', live(await segmentsOf('silver.codes', "('d1', '85123A', 1), ('d2', 'B', 2), ('d2', null, 3)")));
    const base = retail({ dataset: { checks: [referring] }, models: [model('codes')] });
    bench.definition = base;
    const content = [HEADER, line('1'), line('2', { 1: 'X' }), line('3', { 1: 'B' })].map((text) => `${text}\n`).join('');
    expect((await bench.validate([{ name: 'a.csv', content }])).result?.checks).toMatchObject([{ passed: false, failed: 1, rows: 3, samples: ['a.csv:3'] }]);
  });

  it('passes where nothing was published yet, and says so', async () => {
    bench.definition = retail({ dataset: { checks: [referring] }, models: [model('codes')] });
    expect((await bench.validate([{ name: 'a.csv', content: `${HEADER}\n${line('1')}\n` }])).result?.checks).toMatchObject([{ passed: true, actual: 'silver.codes was never published' }]);
  });

  it('of a model takes what the same run has staged for what is published of those partitions', async () => {
    const own = check({ kind: 'reference', columns: ['code'], dataset: 'silver.codes', in: ['code'] }, NONE);
    bench.catalog.segments.set('retail silver.codes', live(await segmentsOf('silver.codes', "('d1', 'gone', 1), ('d2', 'kept', 2)")));
    const staged = [await segmentsOf('silver.lines', "('d1', 'new', 1), ('d1', 'kept', 2), ('d1', 'gone', 3)"), await segmentsOf('silver.codes', "('d1', 'new', 1)")];
    bench.definition = retail({ models: [model('codes'), model('lines')], others: [{ name: 'lines', columns: [], rules: [], checks: [own], order: { by: 'arrival' } }] });
    const manifest = await bench.lake.writeManifest({ version: 1, pipeline: 'retail', runId: randomUUID(), stage: 'transform', attempt: 'first', datasets: staged });
    const { result } = await bench.audit(manifest);
    expect(result?.checks).toMatchObject([{ dataset: 'silver.lines', passed: false, failed: 1, rows: 3 }]);
  });

  it('reads what another pipeline published', async () => {
    const other = { ...retail({ models: [model('codes')] }), name: 'crm' };
    bench.catalog.definitions.set('crm', other);
    bench.catalog.segments.set('crm silver.codes', live(await segmentsOf('silver.codes', "('all', '85123A', 1)")));
    const one = check({ kind: 'reference', columns: ['stock_code'], dataset: 'crm.codes', in: ['code'] }, NONE);
    expect(await judge([line('1'), line('2', { 1: 'X' })], one)).toMatchObject({ passed: false, failed: 1 });
    bench.catalog.definitions.set('crm', { ...other, models: [] });
    for (const reason of ['`crm.codes` is no longer a dataset of crm.', 'No pipeline crm.']) {
      expect(await judge([line('1')], one)).toMatchObject({ passed: false, severity: 'SEVERITY_CRITICAL', error: reason });
      bench.catalog.definitions.clear();
    }
  });
});
