import { planValidate, quoteLiteral, type ContractDataset, type ReadFile, type ValidatePlan } from '@weir/core';
import type { Engine } from '@weir/engine';
import type { FileFormat, ScannedFile } from './format/file-format';
import { judgeDecoded } from './judge-decoded';
import type { ScannedFiles } from './scan-files';

export interface DecodeContext {
  readonly engine: Engine;
  readonly dataset: ContractDataset;
  readonly format: FileFormat;
  /** Absolute path of the engine's staging folder. */
  readonly dir: string;
  readonly signal: AbortSignal;
}

/**
 * Reads the scanned files into the engine: typed rows with the rules they broke, winners picked, views over the result (see ValidatePlan).
 * Throws HEADER_MISMATCH, CONTRACT_FROZEN, and DECODE_MISMATCH when the engine does not see the records that the scan saw.
 */
export async function decodeFiles({ files, runs }: ScannedFiles, context: DecodeContext): Promise<ValidatePlan> {
  const { engine, dataset, format } = context;
  const plan = planValidate(dataset, format.form);
  const relations = await format.relations(files, context);
  for (const [index, relation] of relations.entries()) {
    const file = files[index];
    await engine.run(plan.decodeFrom(relation, index === 0), 'decode').catch((error: unknown) => {
      throw file && format.fault ? format.fault(error, file) : error;
    });
  }
  const mismatch = ({ name, records }: ReadFile, rows: number): string => `The scan found ${records} rows in ${name}, the engine ${rows}.`;
  await judgeDecoded({ engine, plan, files: files.map(readFile), runs: runs && runRelation(runs), mismatch });
  return plan;
}

function readFile({ file, partition, name, scan, first }: ScannedFile): ReadFile {
  return { file, partition, name, records: scan.records, first, shift: scan.shift - first };
}

function runRelation(path: string): string {
  return `read_csv(${quoteLiteral(path)}, auto_detect = false, header = true, columns = {'file': 'INTEGER', 'start': 'BIGINT', 'shift': 'BIGINT'})`;
}
