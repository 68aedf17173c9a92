import { tempDir, type TempDir } from '@weir/testkit';
import { retailTruth, type RetailTruth } from './oracle';
import { TestPlatform } from './platform';
import { retailData, type RetailData } from './retail-data';
import { apply, retailPipeline, type RetailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';

describe('one run over all the retail data', () => {
  let scratch: TempDir;
  let platform: TestPlatform;
  let data: RetailData;
  let truth: RetailTruth;
  let retail: RetailPipeline;

  beforeAll(async () => {
    scratch = await tempDir();
    platform = await TestPlatform.open();
    data = await retailData(scratch.path);
    truth = retailTruth(data.folder);
    retail = retailPipeline(scratch.path, 'retail_wide', data.folder);
    await apply(retail, platform.state.home);
  });
  afterAll(async () => {
    await platform.close();
    await scratch.dispose();
  });

  test('accounts for every line and gives the four tables of the oracle', async () => {
    const end = await platform.run(retail.name, { start: data.from, end: data.to });
    expect(end.accounts).toEqual({ ...truth.accounts, filtered: 0 });
    expectSameTables(await retailTables(platform.warehouse, retail.name), truth.tables);
    const { rows } = await platform.warehouse.query<{ ids: string; rows: string; missing: string }>('select count(distinct line_id) as ids, count(*) as rows, count(*) filter (where line_id is null) as missing from retail_wide.lines');
    expect(rows[0]).toEqual({ ids: String(truth.accounts.admitted), rows: String(truth.accounts.admitted), missing: '0' });
  });

  test('changes no row of any table when it is run again', async () => {
    const commits = async (): Promise<unknown> => (await platform.warehouse.query('select _weir_commit, count(*) from retail_wide.lines group by 1 order by 1')).rows;
    const before = await commits();
    const end = await platform.run(retail.name, { start: data.from, end: data.to });
    expect(end.accounts).toEqual({ ...truth.accounts, filtered: 0 });
    expect(await commits()).toEqual(before);
    expectSameTables(await retailTables(platform.warehouse, retail.name), truth.tables);
  });
});
