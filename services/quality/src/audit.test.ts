import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Check, ContractDataset, Model } from '@weir/core';
import { withEngine, writeParquet } from '@weir/engine';
import { segmentPath, type ManifestDataset } from '@weir/lake';
import { Verdict, type SegmentSet } from '@weir/rpc';
import { retail, Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

const model = (name: string, key: string[]): Model => ({
  name,
  zone: 'gold',
  file: `models/gold/${name}.sql`,
  sql: 'select 1',
  scope: 'interval',
  inputs: [],
  key,
  writeMode: 'upsert',
  columns: [{ name: 'day', type: 'VARCHAR' }, { name: 'country', type: 'VARCHAR' }, { name: 'revenue', type: 'DECIMAL(12,2)' }],
});

const checksOf = (name: string, ...checks: Check[]): ContractDataset => ({ name, columns: [], rules: [], checks, order: { by: 'arrival' } });

/** Stages rows of `revenue` as transform does; each row is [partition, day, country, revenue]. */
async function stage(rows: string, more = ''): Promise<SegmentSet> {
  const runId = randomUUID();
  const scratch = await bench.lake.scratch(runId, 'first');
  const files = await withEngine({ inputs: [], staging: scratch.dir, memoryLimit: '128MB', threads: 1 }, (engine) =>
    writeParquet(engine, { select: `select * from (values ${rows}) t(_weir_partition, day, country, revenue${more})`, dir: join(scratch.dir, 'out'), name: 'gold.revenue' }),
  );
  const datasets: ManifestDataset[] = [{ dataset: 'gold.revenue', partitions: [], segments: [] }];
  for (const [n, file] of files.entries()) {
    const path = segmentPath('retail', 'gold.revenue', runId, 'first', n);
    const partitions = file.partitions.map(({ partition }) => partition);
    datasets[0] = { dataset: 'gold.revenue', partitions: file.partitions, segments: [...(datasets[0]?.segments ?? []), { path, rows: file.rows, ...(await bench.lake.adopt(file.path, path)), partitions }] };
  }
  await scratch.dispose();
  return bench.lake.writeManifest({ version: 1, pipeline: 'retail', runId, stage: 'transform', attempt: 'first', datasets });
}

describe('the audit', () => {
  it('judges staged datasets by the contract, and keyed models by their key', async () => {
    const check: Check = { id: 'revenue.positive', severity: 'warning', type: 'accuracy', measure: { kind: 'sql', query: 'select min(revenue) from ${dataset}' }, threshold: { greaterThan: 0, unit: 'value' } };
    bench.definition = retail({ models: [model('revenue', ['day', 'country'])], others: [checksOf('revenue', check)] });
    const { result, error } = await bench.audit(await stage("('d1', '1', 'UK', 2.50::DECIMAL(12,2)), ('d1', '1', 'FR', -1), ('d2', '1', 'UK', 1)"));
    expect(error).toBeUndefined();
    expect(result?.verdict).toBe(Verdict.WARNING);
    expect(result?.checks.map(({ check: id, passed, actual, threshold }) => [id, passed, actual, threshold])).toEqual([
      ['revenue.positive', false, '-1', 'more than 0'],
      ['revenue.day.key', true, '0 rows', 'exactly 0 rows'],
      ['revenue.country.key', true, '0 rows', 'exactly 0 rows'],
      ['revenue.key.unique', true, '0 rows', 'exactly 0 rows'],
    ]);
    expect(result?.score).toBe(75);
  });

  it('fails a key that is null or occurs twice in a partition, and shows which', async () => {
    bench.definition = retail({ models: [model('revenue', ['day', 'country'])] });
    const { result, error } = await bench.audit(await stage("('d1', '1', 'UK', 2::DECIMAL(12,2)), ('d1', '1', 'UK', 3), ('d1', '2', null, 1)"));
    expect(result?.checks.filter(({ passed }) => !passed).map(({ check: id, actual }) => [id, actual])).toEqual([['revenue.country.key', '1 row'], ['revenue.key.unique', '1 row']]);
    expect(error).toMatchObject({ code: 'CHECK_FAILED', stage: 'audit', place: 'gold.revenue', samples: ['(2, null) at d1: revenue.country.key', '(d1, 1, UK) occurs 2 times, first at d1: revenue.key.unique'] });
  });

  it('names the partitions of the rows that a critical check counts', async () => {
    const check: Check = { id: 'revenue.revenue.nullValues', severity: 'critical', type: 'completeness', measure: { kind: 'nullShare', column: 'revenue' }, threshold: { equal: 0, unit: 'rows' } };
    bench.definition = retail({ models: [model('revenue', [])], others: [checksOf('revenue', check)] });
    const { error } = await bench.audit(await stage("('d1', '1', 'UK', 2::DECIMAL(12,2)), ('d2', '1', 'UK', null)"));
    expect(error?.samples).toEqual(['d2: revenue.revenue.nullValues']);
  });

  it('passes without a score where there is nothing to judge', async () => {
    bench.definition = retail({ models: [model('revenue', [])] });
    expect((await bench.audit(await stage("('d1', '1', 'UK', 2::DECIMAL(12,2))"))).result).toEqual({ checks: [], verdict: Verdict.PASSED, score: undefined });
  });

  it('does not see rows that delete their key, nor wants segments of before to say that theirs do not', async () => {
    const check: Check = { id: 'revenue.revenue.nullValues', severity: 'critical', type: 'completeness', measure: { kind: 'nullShare', column: 'revenue' }, threshold: { equal: 0, unit: 'rows' } };
    bench.definition = retail({ models: [{ ...model('revenue', ['day']), scope: 'row' }], others: [checksOf('revenue', check)] });
    const staged = await stage("('d1', '1', 'UK', 2::DECIMAL(12,2), false), ('d1', '1', null, null, true), ('d1', null, null, null, true)", ', _weir_deleted');
    expect((await bench.audit(staged)).error).toBeUndefined();
    const before = await stage("('d1', '1', 'UK', 2::DECIMAL(12,2)), ('d1', '1', 'FR', 3)");
    expect((await bench.audit(before)).error).toMatchObject({ code: 'CHECK_FAILED', samples: ['(d1, 1) occurs 2 times, first at d1: revenue.key.unique'] });
  });
});
