import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, weir, type CommandEnd } from './command-line';

/** A copy of examples/retail under a name of its own, so that tests share a platform and nothing else. */
export interface RetailPipeline {
  /** Name of the pipeline and of its schema in the warehouse. */
  readonly name: string;
  /** Folder of the definition. */
  readonly folder: string;
  /** Folder of the daily files. */
  readonly data: string;
}

/** Rewrites a file's text by its path below the folder. */
export type ChangeFile = (path: string, text: string) => string;

/** Copies the example into `scratch`. */
export function retailPipeline(scratch: string, name: string, data: string, change: ChangeFile = (_, text) => text): RetailPipeline {
  const folder = join(scratch, name);
  cpSync(join(ROOT, 'examples/retail'), folder, { recursive: true });
  for (const path of ['pipeline.yaml', 'contract.odcs.yaml', 'models/gold/revenue_by_day_country.sql']) {
    const text = readFileSync(join(folder, path), 'utf8').replace(/^name: retail$/m, `name: ${name}`).replace('schema: retail', `schema: ${name}`);
    writeFileSync(join(folder, path), change(path, text));
  }
  return { name, folder, data };
}

/** Applies the definition through the command line. */
export async function apply({ folder, data }: RetailPipeline, home: string): Promise<CommandEnd> {
  const end = await weir(['apply', folder, '--json'], home, { RETAIL_PATH: data });
  if (end.code !== 0) throw new Error(`weir apply ${folder} ended with ${end.code}:\n${end.stdout}${end.stderr}`);
  return end;
}

/** A folder with copies of some days of `data`, for a test that changes them. */
export function copyDays(data: string, target: string, days: readonly string[]): string {
  mkdirSync(target, { recursive: true });
  for (const day of days) cpSync(join(data, `${day}.csv`), join(target, `${day}.csv`));
  return target;
}
