import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@weir/testkit';
import { changedColumn, cleanDays, renamedColumn, sumsOf, withColumn, withoutColumn, writeSheet, type Sheet } from './drift-sheet';

const SHEET: Sheet = {
  header: ['StockCode', 'Description', 'Quantity', 'UnitPrice'],
  rows: [['22423', '"CLOCK, ""RED"""', '6', '2.55'], ['21730', 'MUG', '-2', '0.375'], ['D', '', '1', '27.5125']],
};

test('a day can lose, get and change columns, and its sums are whole ten-thousandths', () => {
  expect(withColumn(SHEET, 'Channel', String)).toEqual({ header: [...SHEET.header, 'Channel'], rows: SHEET.rows.map((row, at) => [...row, String(at)]) });
  expect(withoutColumn(SHEET, 'Description').rows[0]).toEqual(['22423', '6', '2.55']);
  expect(renamedColumn(SHEET, 'UnitPrice', 'Price')).toEqual({ header: ['StockCode', 'Description', 'Quantity', 'Price'], rows: SHEET.rows });
  expect(changedColumn(SHEET, 'Quantity', (text, at) => (at === 1 ? `${text} pcs` : text)).rows.map((row) => row[2])).toEqual(['6', '-2 pcs', '1']);
  // 2.55 + 27.5125, and 6 × 2.55 + 27.5125.
  expect(sumsOf(SHEET, (at) => at !== 1)).toEqual({ rows: 2, prices: 300_625, totals: 428_125 });
});

test('generated days have 200 lines each, none twice and all of known customers, whose fields a file keeps', async () => {
  const folder = await tempDir();
  try {
    const days = await cleanDays(folder.path, 8);
    expect([...days.keys()]).toEqual(['2010-12-01', '2010-12-02', '2010-12-03', '2010-12-05', '2010-12-06', '2010-12-07', '2010-12-08']);
    for (const [date, sheet] of days) {
      const original = (await readFile(join(folder.path, `${date}.csv`), 'utf8')).split('\n');
      await writeSheet(folder.path, date, sheet);
      const [header, ...lines] = (await readFile(join(folder.path, `${date}.csv`), 'utf8')).trimEnd().split('\n');
      expect(header).toBe(original[0]);
      expect([lines.length, new Set(lines).size, sheet.rows.every((row) => row.length === 8)]).toEqual([200, 200, true]);
      expect(lines.filter((line) => !original.includes(line) || !/,\d{5}\.0,/.test(line))).toEqual([]);
    }
  } finally {
    await folder.dispose();
  }
});
