import { BRONZE_ROWS, type BatchReject, type ContractDataset, type ContractTest, type Definition, FILE_COLUMN, OFFSET_COLUMN, VALUE_SEPARATOR, type ValidatePlan, type ValidatedBatch, WeirError, fileColumnName, fileTextsSql, planValidate, planValidateBatch, recordForm } from '@weir/core';
import { type Engine, type WarmEngines } from '@weir/engine';
import type { Row } from './compare-rows';
import { textsSql } from './run-batch';

/** What came of a test's records. */
export interface Judged {
  readonly bronze: readonly Row[];
  /** The records that went to quarantine, by their number from 0. */
  readonly rejects: readonly BatchReject[];
}

/** Where the records wait, and the partition that all are of. */
const RECORDS = 'weir_records';
const PARTITION = '1970-01-01T00:00:00Z';

/** Validates a test's records as QualityService.Validate does those of a file, or of a segment of a topic. */
export async function validateBatch(engine: Engine, definition: Definition, dataset: ContractDataset, test: ContractTest): Promise<Judged> {
  const form = recordForm(definition.source);
  const plan = planValidate(dataset, form);
  await (form === 'fields' ? storeFields(engine, dataset, test) : storeRecords(engine, test));
  const relation = form !== 'fields' ? RECORDS : fileTextsSql(dataset, dataset.columns, RECORDS, [FILE_COLUMN]);
  await engine.run(plan.decodeFrom(relation, true), 'decode');
  for (const statement of afterDecoding(plan, test.records.length)) await engine.run(statement, 'judge');
  const columns = plan.decode.columns;
  const rows = await engine.rows<Record<string, string | null>>(`select ${textsSql(columns)} from ${BRONZE_ROWS}`, test.dataset);
  const rejects = await engine.rows<BatchReject>(plan.brokenAfter(-1, test.records.length), 'quarantine');
  return { bronze: rows.map((row) => new Map(Object.entries(row))), rejects };
}

/** Validates a test's records as QualityService.ValidateBatch does a micro-batch. */
export async function validateMicroBatch(engines: WarmEngines, definition: Definition, dataset: ContractDataset, test: ContractTest, signal: AbortSignal): Promise<Judged> {
  if (test.records.length === 0) return { bronze: [], rejects: [] };
  // Checks judge datasets, not rows.
  const plan = planValidateBatch({ ...dataset, checks: [] });
  const ranges = JSON.stringify([{ name: 'records:0', first: 0, start: 0, grain: PARTITION }]);
  const values = Buffer.from(test.records.map(({ json }) => json).join(String.fromCharCode(VALUE_SEPARATOR)));
  const [result] = await engines.rows<ValidatedBatch>(definition.name, { sql: plan.close.deduped, name: 'validate' }, [ranges, values], signal);
  if (result?.read !== test.records.length) throw new WeirError({ code: 'INTERNAL', message: `Of ${test.records.length} records the engine read ${result?.read ?? 0}.` });
  const lines = result.rows === null ? [] : Buffer.from(result.rows).toString().split('\n');
  const bronze = lines.map((line) => {
    const values = JSON.parse(line) as (string | null)[];
    return new Map(dataset.columns.map(({ name }, at) => [name, values[at] ?? null]));
  });
  return { bronze, rejects: JSON.parse(result.rejects ?? '[]') as BatchReject[] };
}

/** The statements that follow decoding, for one file. */
function afterDecoding(plan: ValidatePlan, records: number): string[] {
  const file = { file: 0, partition: PARTITION, name: 'records', records, first: 0, shift: 0 };
  return [...plan.files([file]), plan.lines(undefined), plan.dedupe, plan.broken, ...plan.views];
}

/** The fields of files that have the contract's columns in its order: every value is text, and one that is not there is null. */
async function storeFields(engine: Engine, { columns }: ContractDataset, { records }: ContractTest): Promise<void> {
  await engine.run(`create temp table ${RECORDS} (${[...columns.map((_, place) => `${fileColumnName(place)} VARCHAR`), `${FILE_COLUMN} BIGINT`].join(', ')})`, 'records');
  await engine.append(RECORDS, records.map(({ fields }) => [...columns.map(({ physicalName }) => fields.get(physicalName)?.text ?? null), 0]));
}

async function storeRecords(engine: Engine, { records }: ContractTest): Promise<void> {
  await engine.run(`create temp table ${RECORDS} (value VARCHAR, ${FILE_COLUMN} BIGINT, ${OFFSET_COLUMN} BIGINT)`, 'records');
  await engine.append(RECORDS, records.map(({ json }, offset) => [json, 0, offset]));
}
