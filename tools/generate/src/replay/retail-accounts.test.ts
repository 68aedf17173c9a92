import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generateRetail } from '../retail/generate-retail';
import { expectedRetail } from './retail-accounts';

/** Beside the repository where it is present. */
const REAL = resolve(__dirname, '../../../../../shared/data/online-retail');

test('the accounts of generated days are those that the generator kept while it made them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-accounts-'));
  try {
    const { expected } = await generateRetail(folder, { from: '2010-12-01', days: 9, rowsPerDay: 1_500, seed: 3, brokenShare: 0.02 });
    const { read, lines, duplicate, quarantined, days, customers } = await expectedRetail(folder);
    expect({ read, admitted: lines, duplicate, quarantined }).toEqual(expected);
    expect(Math.min(days.rows, days.revenue, customers.rows, customers.monetary)).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

if (existsSync(join(REAL, '2010-12-01.csv'))) {
  test('those of the real year are what the README of examples/retail says', async () => {
    expect(await expectedRetail(REAL)).toMatchObject({ read: 541_909, lines: 535_303, duplicate: 5_268, quarantined: 1_338 });
  });
}
