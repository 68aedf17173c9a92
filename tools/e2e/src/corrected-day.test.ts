import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useHouse } from './house';
import { retailTruth } from './oracle';
import { expectSameTables, retailTables } from './tables';

const CORRECTED = '2021-03-03';

/** Removes every third line, doubles every price that ends in 5, and takes one customer out. Gives that customer. */
function correct(file: string): string {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const customer = lines.map((line) => /,(\d{5}\.0),[^,]*$/.exec(line)?.[1]).find((found) => found !== undefined) ?? '';
  const kept = lines.filter((line, index) => index % 3 !== 0 && !line.includes(`,${customer},`));
  const dearer = kept.map((line) => line.replace(/,(\d+\.\d*5),([^,]*,[^,]*)$/, (_, price: string, rest: string) => `,${(Number(price) * 2).toFixed(2)},${rest}`));
  writeFileSync(file, `${[header, ...dearer].join('\n')}\n`);
  return customer;
}

describe('a day that is run again after its file was corrected', () => {
  const house = useHouse();

  test('leaves all four tables as a fresh build of the corrected files', async () => {
    const retail = await house.retail('retail_corrected', { from: '2021-03-01', days: 5, rowsPerDay: 3_000, seed: 21 });
    await house.platform.run(retail.name, { start: '2021-03-01', end: '2021-03-06' });
    const before = retailTruth(retail.data);
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), before.tables);

    correct(join(retail.data, `${CORRECTED}.csv`));
    const after = retailTruth(retail.data);
    expect(after.tables.lines).not.toEqual(before.tables.lines);
    expect(after.tables.customer_features.length).toBeLessThan(before.tables.customer_features.length);
    await house.platform.run(retail.name, { start: CORRECTED, end: '2021-03-04' });
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), after.tables);
  });

  test('empties the day in all tables when its file is gone', async () => {
    const retail = await house.retail('retail_vanished', { from: '2021-03-01', days: 3, rowsPerDay: 500, seed: 22 });
    await house.platform.run(retail.name, { start: '2021-03-01', end: '2021-03-04' });
    writeFileSync(join(retail.data, '2021-03-02.csv'), readFileSync(join(retail.data, '2021-03-02.csv'), 'utf8').split('\n', 1).join('') + '\n');
    await house.platform.run(retail.name, { start: '2021-03-02', end: '2021-03-03' });
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), retailTruth(retail.data).tables);
  });
});
