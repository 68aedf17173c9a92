import { WeirError } from '@weir/core';
import { generateRetail } from '@weir/generate';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Days of retail lines in a folder of the platform's, made anew. */
export async function generatedDays(home: string, days: number): Promise<string> {
  const folder = join(home, 'data/retail-realtime');
  await rm(folder, { recursive: true, force: true });
  await generateRetail(folder, { from: '2010-12-01', days, rowsPerDay: 1_700, seed: 1, brokenShare: 0.005 });
  return folder;
}

/** Throws MISSING_FILE for a folder without days. */
export function assertDays(folder: string): void {
  const fix = 'Give a folder of files such as 2010-12-01.csv, or leave --data out.';
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    throw new WeirError({ code: 'MISSING_FILE', place: folder, message: `There is no folder ${folder}.`, fix });
  }
  if (!names.some((name) => /^\d{4}-\d{2}-\d{2}\.csv$/.test(name))) throw new WeirError({ code: 'MISSING_FILE', place: folder, message: `${folder} has no daily files.`, fix });
}
