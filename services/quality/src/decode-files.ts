import { planValidate, WeirError, type ContractDataset, type ReadFile, type ValidatePlan } from '@weir/core';
import type { Engine } from '@weir/engine';
import { matchHeader } from './match-header';
import { cleanFile, textRelations, type TextFile } from './read-text';
import type { ScannedFile, ScannedFiles } from './scan-files';

export interface DecodeContext {
  readonly engine: Engine;
  readonly dataset: ContractDataset;
  readonly delimiter: string;
  /** Absolute path of the engine's staging folder. */
  readonly dir: string;
  readonly signal: AbortSignal;
}

/**
 * Reads the scanned files into the engine: typed rows with the rules they broke, winners picked, views over the result (see ValidatePlan).
 * Throws HEADER_MISMATCH, and DECODE_MISMATCH when the engine does not see the records that the scan saw.
 */
export async function decodeFiles({ files, runs }: ScannedFiles, context: DecodeContext): Promise<ValidatePlan> {
  const { engine, dataset, delimiter } = context;
  const plan = planValidate(dataset);
  const relations = textRelations(await cleanFiles(files, context), delimiter);
  if (relations.length === 0) relations.push(emptyRelation(dataset));
  for (const [index, relation] of relations.entries()) await engine.run(plan.decodeFrom(relation, index === 0), 'decode');
  await assertCounts(engine, plan, files);
  for (const statement of plan.files(files.map(readFile))) await engine.run(statement, 'files');
  await engine.run(plan.lines(runs && runRelation(runs)), 'lines');
  await engine.run(plan.dedupe, 'dedupe');
  await engine.run(plan.broken, 'broken rows');
  for (const view of plan.views) await engine.run(view, 'view');
  return plan;
}

async function cleanFiles(files: readonly ScannedFile[], { dataset, delimiter, dir, signal }: DecodeContext): Promise<TextFile[]> {
  // All headers before any work: a wrong one ends the run.
  const headers = files.map((file) => matchHeader(file.scan.header, dataset.columns, file.name));
  const cleaned: TextFile[] = [];
  for (const [index, file] of files.entries()) cleaned.push(await cleanFile(file, headers[index] ?? [], delimiter, dir, signal));
  return cleaned;
}

function readFile({ file, partition, name, scan, first }: ScannedFile): ReadFile {
  return { file, partition, name, records: scan.records, first, shift: scan.shift - first };
}

async function assertCounts(engine: Engine, plan: ValidatePlan, files: readonly ScannedFile[]): Promise<void> {
  const counted = new Map((await engine.rows<{ file: number; rows: number }>(plan.countFiles, 'count files')).map(({ file, rows }) => [file, rows]));
  for (const { file, name, scan } of files) {
    const rows = counted.get(file) ?? 0;
    if (rows !== scan.records) throw new WeirError({ code: 'DECODE_MISMATCH', place: name, message: `The scan found ${scan.records} rows in ${name}, the engine ${rows}.` });
  }
}

function runRelation(path: string): string {
  return `read_csv('${path.replaceAll("'", "''")}', auto_detect = false, header = true, columns = {'file': 'INTEGER', 'start': 'BIGINT', 'shift': 'BIGINT'})`;
}

/** The text relation of a run without files. */
function emptyRelation(dataset: ContractDataset): string {
  const columns = dataset.columns.map(({ name }) => `null::VARCHAR as "${name.replaceAll('"', '""')}"`);
  return `(select ${columns.join(', ')}, 0 as _weir_file where false)`;
}
