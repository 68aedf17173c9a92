import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateRetail } from '@weir/generate';
import { tempDir, type TempDir } from '@weir/testkit';
import { retailTruth } from './oracle';
import { TestPlatform } from './platform';
import { apply, retailPipeline } from './retail-pipeline';
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
  let scratch: TempDir;
  let platform: TestPlatform;

  beforeAll(async () => {
    scratch = await tempDir();
    platform = await TestPlatform.open();
  });
  afterAll(async () => {
    await platform.close();
    await scratch.dispose();
  });

  test('leaves all four tables as a fresh build of the corrected files', async () => {
    const data = join(scratch.path, 'data');
    await generateRetail(data, { from: '2021-03-01', days: 5, rowsPerDay: 3_000, seed: 21 });
    const retail = retailPipeline(scratch.path, 'retail_corrected', data);
    await apply(retail, platform.state.home);
    await platform.run(retail.name, { start: '2021-03-01', end: '2021-03-06' });
    const before = retailTruth(data);
    expectSameTables(await retailTables(platform.warehouse, retail.name), before.tables);

    correct(join(data, `${CORRECTED}.csv`));
    const after = retailTruth(data);
    expect(after.tables.lines).not.toEqual(before.tables.lines);
    expect(after.tables.customer_features.length).toBeLessThan(before.tables.customer_features.length);
    await platform.run(retail.name, { start: CORRECTED, end: '2021-03-04' });
    expectSameTables(await retailTables(platform.warehouse, retail.name), after.tables);
  });

  test('empties the day in all tables when its file is gone', async () => {
    const data = join(scratch.path, 'vanishing');
    await generateRetail(data, { from: '2021-03-01', days: 3, rowsPerDay: 500, seed: 22 });
    const retail = retailPipeline(scratch.path, 'retail_vanished', data);
    await apply(retail, platform.state.home);
    await platform.run(retail.name, { start: '2021-03-01', end: '2021-03-04' });
    writeFileSync(join(data, '2021-03-02.csv'), readFileSync(join(data, '2021-03-02.csv'), 'utf8').split('\n', 1).join('') + '\n');
    await platform.run(retail.name, { start: '2021-03-02', end: '2021-03-03' });
    expectSameTables(await retailTables(platform.warehouse, retail.name), retailTruth(data).tables);
  });
});
