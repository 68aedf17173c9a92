import { planValidate, type ContractDataset, type ReadFile, type ValidatePlan } from '@weir/core';
import type { Engine } from '@weir/engine';
import { judgeDecoded } from './judge-decoded';
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
 * Throws HEADER_MISMATCH, CONTRACT_FROZEN, and DECODE_MISMATCH when the engine does not see the records that the scan saw.
 */
export async function decodeFiles({ files, runs }: ScannedFiles, context: DecodeContext): Promise<ValidatePlan> {
  const { engine, dataset, delimiter } = context;
  const plan = planValidate(dataset);
  const relations = textRelations(dataset, await cleanFiles(files, context), delimiter);
  for (const [index, relation] of relations.entries()) await engine.run(plan.decodeFrom(relation, index === 0), 'decode');
  const mismatch = ({ name, records }: ReadFile, rows: number): string => `The scan found ${records} rows in ${name}, the engine ${rows}.`;
  await judgeDecoded({ engine, plan, files: files.map(readFile), runs: runs && runRelation(runs), mismatch });
  return plan;
}

async function cleanFiles(files: readonly ScannedFile[], { dataset, delimiter, dir, signal }: DecodeContext): Promise<TextFile[]> {
  // All headers before any work: a wrong one ends the run.
  const headers = files.map((file) => matchHeader(file.scan.header, dataset, file.name));
  const cleaned: TextFile[] = [];
  for (const [index, file] of files.entries()) cleaned.push(await cleanFile(file, headers[index] ?? [], delimiter, dir, signal));
  return cleaned;
}

function readFile({ file, partition, name, scan, first }: ScannedFile): ReadFile {
  return { file, partition, name, records: scan.records, first, shift: scan.shift - first };
}

function runRelation(path: string): string {
  return `read_csv('${path.replaceAll("'", "''")}', auto_detect = false, header = true, columns = {'file': 'INTEGER', 'start': 'BIGINT', 'shift': 'BIGINT'})`;
}
