import { useHouse } from './house';
import { retailTruth, type RetailTruth } from './oracle';
import { retailData, type RetailData } from './retail-data';
import { apply, retailPipeline, type RetailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';

describe('one run over all the retail data', () => {
  const house = useHouse();
  let data: RetailData;
  let truth: RetailTruth;
  let retail: RetailPipeline;

  beforeAll(async () => {
    data = await retailData(house.scratch);
    truth = retailTruth(data.folder);
    retail = retailPipeline(house.scratch, 'retail_wide', data.folder);
    await apply(retail, house.platform.state.home);
  });

  test('accounts for every line and gives the four tables of the oracle', async () => {
    const end = await house.platform.run(retail.name, { start: data.from, end: data.to });
    expect(end.accounts).toEqual({ ...truth.accounts, filtered: 0 });
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), truth.tables);
    const { rows } = await house.platform.warehouse.query<{ ids: string; rows: string; missing: string }>('select count(distinct line_id) as ids, count(*) as rows, count(*) filter (where line_id is null) as missing from retail_wide.lines');
    expect(rows[0]).toEqual({ ids: String(truth.accounts.admitted), rows: String(truth.accounts.admitted), missing: '0' });
  });

  test('changes no row of any table when it is run again', async () => {
    const commits = async (): Promise<unknown> => (await house.platform.warehouse.query('select _weir_commit, count(*) from retail_wide.lines group by 1 order by 1')).rows;
    const before = await commits();
    const end = await house.platform.run(retail.name, { start: data.from, end: data.to });
    expect(end.accounts).toEqual({ ...truth.accounts, filtered: 0 });
    expect(await commits()).toEqual(before);
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), truth.tables);
  });
});
