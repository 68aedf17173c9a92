import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { generateRetail } from '@weir/generate';

const ROOT = resolve(__dirname, '../../..');

/** A folder of daily retail files and the days it covers, [from, to). */
export interface RetailData {
  readonly folder: string;
  readonly from: string;
  readonly to: string;
  readonly kind: 'real' | 'generated';
}

/** Where the real data lies when it is present: WEIR_RETAIL_DATA, or beside the repository. */
export function realRetailFolder(): string | undefined {
  const folder = process.env['WEIR_RETAIL_DATA'] ?? join(ROOT, '../shared/data/online-retail');
  return existsSync(join(folder, '2010-12-01.csv')) ? folder : undefined;
}

/** The real data where present, else generated data of the same size in `scratch`. */
export async function retailData(scratch: string): Promise<RetailData> {
  const days = { from: '2010-12-01', to: '2011-12-10' };
  const real = realRetailFolder();
  if (real) return { folder: real, ...days, kind: 'real' };
  const folder = join(scratch, 'retail');
  await generateRetail(folder, { from: days.from, days: 374, rowsPerDay: 1_688, seed: 11 });
  return { folder, ...days, kind: 'generated' };
}
