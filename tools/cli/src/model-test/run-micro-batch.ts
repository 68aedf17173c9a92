import { DELETED, type Definition, type ModelRowsTest, WeirError, isWeirError, jsonRowSql, readCsvText } from '@weir/core';
import { type BatchPlan, type BatchRow, DELETED_COLUMN, type Engine, PARTITION_COLUMN, ROW_COLUMNS, type WarmEngines, explainFailure, planBatch } from '@weir/engine';
import type { Row } from './compare-rows';
import { ORDINAL } from './fixture-table';
import type { GivenDatasets } from './given-datasets';

/** Rows on their way to a micro-batch: NDJSON, as ValidateBatch gives them. */
export async function inlineRows(engine: Engine, test: ModelRowsTest, given: GivenDatasets): Promise<Buffer> {
  const [source] = test.given;
  const rows = source && given.rowsOf.get(source.dataset);
  if (!source || rows === undefined) throw new WeirError({ code: 'INTERNAL', message: `The test \`${test.name}\` gives no rows to a model over rows.` });
  const columns = [...source.columns, PARTITION_COLUMN, ...ROW_COLUMNS, DELETED_COLUMN];
  const [row] = await engine.rows<{ lines: string | null }>(`select string_agg(${jsonRowSql(columns)}, chr(10) order by ${ORDINAL}) as lines from (${rows})`, source.dataset);
  return Buffer.from(row?.lines ?? '');
}

/** Runs a test's models over a micro-batch as TransformService.TransformBatch does, and gives the rows of the last one. */
export async function runMicroBatch(engines: WarmEngines, definition: Definition, test: ModelRowsTest, data: Buffer, signal: AbortSignal): Promise<Row[]> {
  if (data.length === 0) return [];
  const plan = await planBatch(definition, { source: test.given[0]?.dataset ?? '', models: test.models });
  const run = <T extends object>(statement: BatchPlan['read'], rows: Uint8Array): Promise<T[]> => engines.rows<T>(definition.name, statement, [rows], signal);
  try {
    const [row] = await run<BatchRow>(plan.statement(plan.tables.length), data);
    return row ? lastTable(plan, row) : [];
  } catch (error) {
    if (!isWeirError(error) || error.code !== 'MODEL_FAILED') throw error;
    throw await explainFailure({ pipeline: definition.name, plan, data, error }, run);
  }
}

function lastTable({ tables }: BatchPlan, row: BatchRow): Row[] {
  const csv = row[`csv_${tables.length - 1}`];
  const columns = tables.at(-1)?.columns ?? [];
  const records = csv instanceof Uint8Array ? readCsvText(Buffer.from(csv).toString()) : [];
  if (!records) throw new WeirError({ code: 'INTERNAL', message: 'The rows of a micro-batch are no CSV.' });
  const rows = records.map(({ fields }) => new Map(columns.map(({ name }, at) => [name, fields[at] ?? null])));
  return rows.filter((values) => values.get(DELETED) !== 'true');
}
