import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '@weir/platform';
import { BackfillOnly, BackfillOrder, RuleOutcome, Severity } from '@weir/rpc';
import { tempDir, testDatabase } from '@weir/testkit';
import { getRun } from './get-run';
import { planBackfill } from './plan-backfill';
import { day, days, definitionOf, MIGRATIONS } from './testing/workbench';

test('what runs left before outcomes were kept is taken over', async () => {
  const [database, folder] = await Promise.all([testDatabase(), tempDir()]);
  try {
    const first = (await readdir(MIGRATIONS)).filter((name) => name < '004');
    await Promise.all(first.map((name) => copyFile(join(MIGRATIONS, name), join(folder.path, name))));
    await migrate(database.pool, 'metadata', folder.path);
    // As it was stored then: without what definitions have had since.
    const { mode: _mode, lookbackGrains: _lookback, approval: _approval, retention: _retention, upstream: _upstream, ...body } = definitionOf('old');
    await database.pool.query(`insert into metadata.pipeline (name, version, snapshot) values ('old', 1, 1)`);
    await database.pool.query(`insert into metadata.definition (pipeline, version, body) values ('old', 1, $1)`, [JSON.stringify(body)]);
    await database.pool.query(`insert into metadata.dataset (pipeline, name) values ('old', 'bronze.orders')`);
    const run = (id: string, from: number, to: number, status: string, snapshot: number | null) =>
      database.pool.query(
        `insert into metadata.run (run_id, workflow_id, pipeline, definition_version, interval_start, interval_end, kind, status, trace_id, began_at_snapshot, snapshot, ended_at)
         values ($1, $1, 'old', 1, $2, $3, 'RUN_KIND_MANUAL', 'RUN_STATUS_' || $4, '', 0, $5, clock_timestamp())`, [id, day(from), day(to), status, snapshot]);
    await run('old-1', 0, 3, 'SUCCEEDED', 1);
    await run('old-2', 2, 5, 'FAILED', null);
    await run('old-3', 0, 6, 'CANCELLED', null);
    await database.pool.query(`insert into metadata.run (run_id, workflow_id, pipeline, definition_version, kind, status, trace_id, began_at_snapshot, ended_at) values ('old-4', 'r', 'old', 1, 'RUN_KIND_REFRESH', 'RUN_STATUS_FAILED', '', 1, clock_timestamp())`);
    await database.pool.query(`insert into metadata.snapshot (pipeline, number, run_id) values ('old', 1, 'old-1')`);
    await database.pool.query(`insert into metadata.partition_version (dataset_id, partition, from_snapshot, rows, segments) select id, unnest($1::text[]), 1, 0, '{}' from metadata.dataset`, [[day(0), day(1), day(2)]]);
    const details = JSON.stringify([['undecodable', 5, 0], ['n_even', 3, 3]].map(([name, rowsIn, rowsOut]) => ({ name, rowsIn, rowsOut, milliseconds: 0 })));
    await database.pool.query(
      `insert into metadata.stage (run_id, stage, attempt, status, started_at, milliseconds, rows_in, rows_out, rows_quarantined, details, checks, verdict)
       select 'old-1', stage, 1, 'STAGE_STATUS_SUCCEEDED', clock_timestamp(), 1, 9, 4, 5, $1, '[]', 'VERDICT_PASSED' from unnest(array['validate', 'transform']) as stage`, [details]);
    await migrate(database.pool, 'metadata', MIGRATIONS);
    const plan = await planBackfill(database, { pipeline: 'old', interval: days(0, 6), only: BackfillOnly.ALL, order: BackfillOrder.OLDEST, after: '', limit: 10, backfill: '', changedSources: [] });
    expect(plan.intervals.map(({ reason, runId }) => [reason.replace('INTERVAL_REASON_', ''), runId])).toEqual([
      ['DONE', 'old-1'], ['DONE', 'old-1'], ['FAILED', 'old-2'], ['FAILED', 'old-2'], ['FAILED', 'old-2'], ['MISSING', ''],
    ]);
    const { rows } = await database.pool.query(`select run_id from metadata.outcome where partition = 'history'`);
    expect(rows).toEqual([{ run_id: 'old-4' }]);
    const { stages } = await getRun(database, { run: 'old-1' });
    const told = stages.map(({ stage, details: of, rules }) => [stage, of.length, rules] as const);
    expect(told.toSorted(([a], [b]) => a.localeCompare(b))).toEqual([
      ['transform', 2, []],
      ['validate', 0, [
        { rule: 'undecodable', rows: 5, samples: [], severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE },
        { rule: 'n_even', rows: 3, samples: [], severity: Severity.WARNING, outcome: RuleOutcome.NOTE },
      ]],
    ]);
  } finally {
    await Promise.all([database.drop(), folder.dispose()]);
  }
});
