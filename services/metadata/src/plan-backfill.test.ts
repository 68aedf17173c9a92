import { CSV_LAYOUT, type FileSource } from '@weir/core';
import { BackfillOnly, BackfillOrder, IntervalReason, RunStatus, type PlanBackfillRequest } from '@weir/rpc';
import { beginRun } from './begin-run';
import { collectGarbage } from './collect-garbage';
import { planBackfill } from './plan-backfill';
import { storeDefinition } from './store-definition';
import { ended, published } from './testing/runs';
import { day, days, definitionOf, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

/** Grains and runs of the large pipeline. */
const GRAINS = 10_000;

/**
 * 20,000 runs over 10,000 hours, as a schedule with a lookback and a backfill leave them: every hour was published by a narrow run under one of 20 versions,
 * and taken again by runs over two hours each, every tenth of which failed.
 */
const LARGE = `
  insert into metadata.run (run_id, workflow_id, pipeline, definition_version, interval_start, interval_end, kind, status, trace_id, fence, began_at_snapshot, snapshot, ended_at)
  select 'large-' || n, 'run/large/' || n, $1, 1 + n % 20, at(n % 10000), at(n % 10000 + w), 'RUN_KIND_BACKFILL', case when failed then 'RUN_STATUS_FAILED' else 'RUN_STATUS_SUCCEEDED' end,
    '', 1000000 + n, n, case when not failed then n + 1 end, clock_timestamp()
  from (select n, case when n < 10000 then 1 else 2 end as w, n >= 10000 and n % 10 = 0 as failed from generate_series(0, 19998) as n) r`;

const AT = `create function at(n bigint) returns text language sql immutable as $f$
  select to_char(timestamp '2010-12-01' + n * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') $f$`;

const CATALOG = [
  `insert into metadata.snapshot (pipeline, number, run_id) select pipeline, snapshot, run_id from metadata.run where pipeline = $1 and snapshot is not null`,
  `insert into metadata.partition_version (dataset_id, partition, from_snapshot, to_snapshot, rows, segments)
   select d.id, v.partition, v.snapshot, lead(v.snapshot) over (partition by d.id, v.partition order by v.snapshot), 1, '{}'
   from metadata.dataset d
   cross join (select snapshot, unnest(array[interval_start, at((substr(run_id, 7)::bigint) % 10000 + 1)]) as partition, interval_end from metadata.run where pipeline = $1 and snapshot is not null) v
   where d.pipeline = $1 and v.partition < v.interval_end`,
  `insert into metadata.outcome (pipeline, partition, run_id, fence)
   select distinct on (partition) pipeline, partition, run_id, fence
   from (select *, unnest(array[interval_start, at((substr(run_id, 7)::bigint) % 10000 + 1)]) as partition from metadata.run where pipeline = $1) r
   where partition < interval_end order by partition, fence desc`,
];

/** The same, one run after the other. */
function largeCounts(): Record<string, number> {
  const [live, failed]: [number[], boolean[]] = [[], []];
  for (let n = 0; n < 2 * GRAINS - 1; n += 1) {
    for (const hour of n < GRAINS ? [n] : [n - GRAINS, n - GRAINS + 1]) {
      failed[hour] = n >= GRAINS && n % 10 === 0;
      if (!failed[hour]) live[hour] = 1 + (n % 20);
    }
  }
  const counts = { FAILED: 0, STALE: 0, DONE: 0 };
  for (const [hour, version] of live.entries()) counts[failed[hour] ? 'FAILED' : version === 20 ? 'DONE' : 'STALE'] += 1;
  return counts;
}

describe('planBackfill', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const plan = (pipeline: string, changes: Partial<PlanBackfillRequest> = {}) =>
    planBackfill(bench, { pipeline, interval: days(0, 6), only: BackfillOnly.ALL, order: BackfillOrder.OLDEST, after: '', limit: 100, backfill: '', changedSources: [], ...changes });
  const rowsFor = async (pipeline: string, changes: Partial<PlanBackfillRequest> = {}) =>
    (await plan(pipeline, changes)).intervals.map(({ interval, reason, detail, runId }) => [interval?.start.slice(8, 10), reason.replace('INTERVAL_REASON_', ''), detail, runId]);

  test('does not take an interval again that was published and is gone by retention', async () => {
    const pipeline = await givenPipeline(bench.pool, 'expired');
    await published(bench, runRequest(pipeline, 'expired-1', days(0, 2)));
    // As a day's retention leaves it a year later.
    await storeDefinition(bench.pool, definitionOf(pipeline, { retention: { bronze: 86_400_000 } }));
    await bench.pool.query(`update metadata.snapshot set published_at = published_at - interval '1 year' where pipeline = $1`, [pipeline]);
    await collectGarbage(bench, { pipeline, dryRun: false, graceMs: 0, passedSnapshot: 1 }, { signal: new AbortController().signal, report: () => undefined });
    expect(await rowsFor(pipeline, { interval: days(0, 3), only: BackfillOnly.MISSING })).toEqual([['03', 'MISSING', '', '']]);
    expect(await rowsFor(pipeline, { interval: days(0, 1) })).toEqual([['01', 'DONE', 'its retention is over', 'expired-1']]);
  });

  test('says where every interval stands and why', async () => {
    const pipeline = await givenPipeline(bench.pool, 'reasons');
    await published(bench, runRequest(pipeline, 'reasons-wide', days(0, 3)));
    await ended(bench, runRequest(pipeline, 'reasons-failed', days(2, 4)));
    await ended(bench, runRequest(pipeline, 'reasons-cancelled', days(1, 2)), RunStatus.CANCELLED);
    await beginRun(bench, runRequest(pipeline, 'reasons-open', days(4, 5)));
    expect(await plan(pipeline, { limit: 0 })).toEqual({
      counts: [{ reason: IntervalReason.MISSING, intervals: 1 }, { reason: IntervalReason.FAILED, intervals: 2 }, { reason: IntervalReason.DONE, intervals: 2 }, { reason: IntervalReason.RUNNING, intervals: 1 }],
      selected: 5, intervals: [], more: true, definitionVersion: 1, inSequence: false,
    });
    expect(await rowsFor(pipeline)).toEqual([
      ['01', 'DONE', '', 'reasons-wide'],
      ['02', 'DONE', '', 'reasons-wide'],
      ['03', 'FAILED', '', 'reasons-failed'],
      ['04', 'FAILED', '', 'reasons-failed'],
      ['06', 'MISSING', '', ''],
    ]);
    await storeDefinition(bench.pool, definitionOf(pipeline, { models: definitionOf(pipeline).models.map((model) => ({ ...model, sql: `${model.sql} where id > 0` })) }));
    expect(await rowsFor(pipeline, { only: BackfillOnly.STALE, order: BackfillOrder.NEWEST, changedSources: ['2010-12-01', '2010-12-06'] })).toEqual([
      ['02', 'STALE', 'model silver.lines, model gold.revenue', 'reasons-wide'],
      ['01', 'STALE', 'model silver.lines, model gold.revenue, source data', 'reasons-wide'],
    ]);
  });

  test('names three changes at most', async () => {
    const pipeline = await givenPipeline(bench.pool, 'many-changes');
    await published(bench, runRequest(pipeline, 'many-changes-1', days(0, 1)));
    const { source, models } = definitionOf(pipeline);
    await storeDefinition(bench.pool, definitionOf(pipeline, { source: { ...(source as FileSource), layout: { ...CSV_LAYOUT, delimiter: ';' } }, models: models.map((model) => ({ ...model, sql: 'select 1' })) }));
    expect(await rowsFor(pipeline, { interval: days(0, 1), changedSources: [day(0)] })).toEqual([['01', 'STALE', 'source, model silver.lines, model gold.revenue and 1 more', 'many-changes-1']]);
  });

  test('takes no dataset of another name for the one that the pipeline has now', async () => {
    const pipeline = await givenPipeline(bench.pool, 'renamed-bronze');
    await published(bench, runRequest(pipeline, 'renamed-bronze-1', days(0, 1)));
    await storeDefinition(bench.pool, definitionOf(pipeline, { source: { ...definitionOf(pipeline).source, dataset: 'sales' } }));
    expect(await rowsFor(pipeline, { interval: days(0, 1) })).toEqual([['01', 'MISSING', '', 'renamed-bronze-1']]);
  });

  test('refuses what it cannot plan', async () => {
    const pipeline = await givenPipeline(bench.pool, 'unplannable');
    await givenPipeline(bench.pool, 'unplannable-whole', { grain: undefined });
    await expect(plan('nobody')).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
    await expect(plan('unplannable-whole')).rejects.toMatchObject({ code: 'INVALID_INTERVAL', message: expect.stringContaining('has no grain') });
    await expect(plan(pipeline, { interval: undefined })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
    await expect(plan(pipeline, { interval: days(0, 10_001) })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
    for (const changes of [{ only: BackfillOnly.UNSPECIFIED }, { order: BackfillOrder.UNSPECIFIED }, { limit: -1 }, { limit: 1_001 }]) {
      await expect(plan(pipeline, changes)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    }
    await expect(plan(pipeline, { changedSources: ['yesterday'] })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
    await expect(plan(pipeline, { after: 'x' })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
  });

  test('plans 10,000 intervals with 20,000 runs behind them quickly, with and without statistics', async () => {
    const pipeline = await givenPipeline(bench.pool, 'large', { grain: '1h' });
    for (let n = 2; n <= 20; n += 1) await storeDefinition(bench.pool, definitionOf(pipeline, { grain: '1h', description: `${n}`, models: definitionOf(pipeline).models.map((model) => ({ ...model, sql: `select ${n}` })) }));
    await bench.pool.query(AT);
    await bench.pool.query(LARGE, [pipeline]);
    for (const statement of CATALOG) await bench.pool.query(statement, [pipeline]);
    const interval = { start: day(0), end: new Date(Date.UTC(2010, 11, 1, GRAINS)).toISOString() };
    for (const statistics of [false, true]) {
      if (statistics) await bench.pool.query('analyze');
      const started = performance.now();
      const counts = await plan(pipeline, { interval, limit: 0 });
      const counted = performance.now();
      const page = await plan(pipeline, { interval, limit: 500, order: BackfillOrder.NEWEST, after: '2011-06-01' });
      const paged = performance.now();
      if (process.env['WEIR_SHOW_TIMES']) process.stderr.write(`statistics ${statistics}: counts ${Math.round(counted - started)} ms, a page ${Math.round(paged - counted)} ms\n`);
      expect(Object.fromEntries(counts.counts.map((count) => [count.reason.replace('INTERVAL_REASON_', ''), count.intervals]))).toEqual(largeCounts());
      expect(page.intervals).toHaveLength(500);
      expect(counted - started).toBeLessThan(3_000);
      expect(paged - counted).toBeLessThan(3_000);
    }
  });
});
