import { WeirError, type ReadFile, type ValidatePlan } from '@weir/core';
import type { Engine } from '@weir/engine';

/** What was decoded into the tables of a plan, and from what. */
export interface Decoded {
  readonly engine: Engine;
  readonly plan: ValidatePlan;
  readonly files: readonly ReadFile[];
  /** SQL of the relation of shifted runs of rows; undefined where lines need none. */
  readonly runs?: string | undefined;
  /** Says that the engine has so many rows of a file, and not those that were to be there. */
  readonly mismatch: (file: ReadFile, rows: number) => string;
}

/** Runs what follows the decoding: places, winners, broken rows, views over the result. Throws DECODE_MISMATCH when the engine does not have the rows of every file. */
export async function judgeDecoded({ engine, plan, files, runs, mismatch }: Decoded): Promise<void> {
  const counted = new Map((await engine.rows<{ file: number; rows: number }>(plan.countFiles, 'count files')).map(({ file, rows }) => [file, rows]));
  for (const file of files) {
    const rows = counted.get(file.file) ?? 0;
    if (rows !== file.records) throw new WeirError({ code: 'DECODE_MISMATCH', place: file.name, message: mismatch(file, rows) });
  }
  for (const statement of plan.files(files)) await engine.run(statement, 'files');
  await engine.run(plan.lines(runs), 'lines');
  await engine.run(plan.dedupe, 'dedupe');
  await engine.run(plan.broken, 'broken rows');
  for (const view of plan.views) await engine.run(view, 'view');
}
