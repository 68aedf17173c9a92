import { tableLabel, type TableSpec, type Untold, type UntoldRow } from '@weir/connectors';
import { quoteLiteral, WHOLE } from '@weir/core';
import { PARTITION_COLUMN, ROW_COLUMNS, segmentRelation } from '@weir/engine';
import type { RefusedRow } from '@weir/rpc';
import { enginesIn } from './compute-difference';
import { digitsOf } from './difference-sql';
import { located } from './located-segments';
import type { Quarantine } from './quarantine';
import { datasetOf, type DestinationJob, type LoadedModel, type TableDependencies } from './table-job';

/** A model and its table. */
export interface FollowedModel extends LoadedModel {
  readonly spec: TableSpec;
}

/** A destination whose tables are spoken of. */
export interface ToldDestination extends Pick<DestinationJob, 'destination' | 'connection' | 'contractVersion'> {
  readonly pipeline: string;
}

type ToldModel = Pick<FollowedModel, 'model' | 'spec'>;

/** What telling takes besides what loading does. */
export interface TellDependencies extends TableDependencies {
  readonly quarantine: Quarantine;
}

/**
 * Tells the quarantine what tables of a destination have noted of rows, until it has heard of all: also of what an earlier load could not tell any more. What is told twice counts once. Throws what the destination, the
 * catalog and the quality service throw; the tables keep what was not told.
 */
export async function tellRefused(deps: TellDependencies, job: DestinationJob, followed: readonly FollowedModel[], signal: AbortSignal): Promise<void> {
  await tell(deps.quarantine, { ...job, pipeline: job.context.pipeline }, followed, 'all', signal, (model, rows) => grainsOf(deps, job, model, rows, signal));
}

/** The same of rows whose grain the tables know, as streams note it: nothing is asked of the catalog or the engine. */
export async function tellPlaced(quarantine: Quarantine, told: ToldDestination, models: readonly ToldModel[], signal: AbortSignal): Promise<void> {
  await tell(quarantine, told, models, 'placed', signal, () => Promise.resolve(new Map()));
}

async function tell<M extends ToldModel>(quarantine: Quarantine, told: ToldDestination, models: readonly M[], which: Untold, signal: AbortSignal, grainsOfLost: (model: M, rows: readonly UntoldRow[]) => Promise<Map<string, string>>): Promise<void> {
  const { destination, pipeline, contractVersion } = told;
  const byTable = new Map(models.map((model) => [tableLabel(model.spec), model]));
  for (;;) {
    const rows = await destination.untold([...byTable.keys()], which, signal);
    if (rows.length === 0) return;
    const grains = new Map<string, string>();
    for (const [table, model] of byTable) {
      const lost = rows.filter((row) => row.table === table && row.partition === '' && row.grain === undefined && row.became === undefined);
      if (lost.length > 0) for (const [rowId, grain] of await grainsOfLost(model, lost)) grains.set(rowId, grain);
    }
    const refused = rows.flatMap((row) => {
      const model = byTable.get(row.table);
      return model ? [refusedRow(told, model, row, row.partition || (row.grain ?? grains.get(digitsOf(row.rowId)) ?? WHOLE))] : [];
    });
    await quarantine.noteRefused({ pipeline, contractVersion, rows: refused }, signal);
    await destination.markTold(rows, signal);
  }
}

/** The grains of rows whose table does not say: the published segments do. By the digits of the row's id; a row that is published no more is left out. */
async function grainsOf(deps: TableDependencies, job: DestinationJob, { model }: LoadedModel, rows: readonly UntoldRow[], signal: AbortSignal): Promise<Map<string, string>> {
  const { context } = job;
  const { catalog, lake, engine, engineTurns } = deps;
  const target = await catalog.target({ pipeline: context.pipeline, definitionVersion: context.definitionVersion, after: job.snapshot }, signal);
  const { after } = await catalog.difference({ pipeline: context.pipeline, dataset: datasetOf(model), from: 0, to: target }, signal);
  const segments = located(lake, after);
  const scratch = await lake.scratch(context.runId, context.attempt);
  try {
    const relation = segmentRelation(segments, [PARTITION_COLUMN, ...ROW_COLUMNS]);
    const wanted = rows.map(({ rowId }) => quoteLiteral(digitsOf(rowId))).join(', ');
    const sql = `select distinct replace(_weir_row_id, '-', '') as id, _weir_partition as grain from ${relation} where replace(_weir_row_id, '-', '') in (${wanted})`;
    const found = await engineTurns.take('engine', { signal, background: context.background }, () => enginesIn(scratch, engine, signal)(segments, (open) => open.rows<{ id: string; grain: string }>(sql, `${model.name} grains`)));
    return new Map(found.map(({ id, grain }) => [id, grain]));
  } finally {
    await scratch.dispose();
  }
}

function refusedRow({ connection }: ToldDestination, { model }: ToldModel, row: UntoldRow, grain: string): RefusedRow {
  const { table, rowId, partition, position, rule, reason, original, became, runId, changed } = row;
  const [, file = position, line = '0'] = /^(.*):(\d{1,15})$/s.exec(position) ?? [];
  return { table: `${connection}/${table}`, dataset: datasetOf(model), rowId, tablePartition: partition, grain, file, line: Number(line), rule, reason, original: original === undefined ? undefined : Buffer.from(original), became: became ?? '', runId, changed };
}
