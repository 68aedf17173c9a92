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

  // Here and not with the oracle's own tests, because it takes seconds for so many lines.
  test('has an oracle that gives the published figures of the real data', () => {
    const { accounts } = truth;
    expect(accounts.read).toBe(accounts.admitted + accounts.duplicate + accounts.quarantined);
    expect(truth.tables.lines).toHaveLength(accounts.admitted);
    if (data.kind === 'real') {
      expect(accounts).toEqual({ read: 541_909, duplicate: 5_268, quarantined: 1_338, admitted: 535_303 });
      expect(truth.total).toBe(9_748_131_074n);
      expect(truth.invoices).toBe(24_562);
      expect(truth.tables.revenue_by_day_country).toHaveLength(1_716);
      expect([...truth.quarantine.values()].filter(({ reason }) => reason === 'unit price below zero')).toHaveLength(2);
    }
  });

  test('accounts for every line and gives the four tables of the oracle', async () => {
    const end = await house.platform.run(retail.name, { start: data.from, end: data.to });
    expect(end.accounts).toEqual({ ...truth.accounts, filtered: 0 });
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), truth.tables);
    const { rows } = await house.platform.warehouse.query<{ ids: string; rows: string; missing: string }>('select count(distinct line_id) as ids, count(*) as rows, count(*) filter (where line_id is null) as missing from retail_wide.lines');
    expect(rows[0]).toEqual({ ids: String(truth.accounts.admitted), rows: String(truth.accounts.admitted), missing: '0' });
  });

  // The lines of the warehouse are those of the oracle, by the test above: what the star must be follows from them in Postgres' own words.
  test('gives a star whose facts find their dimensions as they were at the time', async () => {
    const asked = async (sql: string): Promise<unknown> => (await house.platform.warehouse.query(sql)).rows;
    const facts = 'count(*) as facts, sum(total) as total, sum(quantity) as quantity, count(customer_id) as customers';
    const [lines] = (await asked(`select ${facts} from retail_wide.lines`)) as unknown[];
    expect(await asked(`select ${facts} from retail_wide.fact_sales`)).toEqual([lines]);
    expect(await asked(`select count(*) as facts, sum(f.total) as total, sum(f.quantity) as quantity, count(c.customer_id) as customers
      from retail_wide.fact_sales f join retail_wide.dim_date d using (date) join retail_wide.dim_product p using (stock_code)
      left join retail_wide.dim_customer c on c.customer_id = f.customer_id and f.date >= c.valid_from and (f.date < c.valid_to or c.valid_to is null)`)).toEqual([lines]);
    const byDay = `select customer_id, day, (array_agg(country order by invoice_date desc, line_id desc))[1] as country from retail_wide.lines where customer_id is not null group by customer_id, day`;
    const changes = `select customer_id, day, country from (select *, lag(country) over (partition by customer_id order by day) is distinct from country as changed from (${byDay}) d) c where changed`;
    const versions = `select customer_id, country, day as valid_from, lead(day) over (partition by customer_id order by day) as valid_to from (${changes}) v`;
    const stored = 'select customer_id, country, valid_from, valid_to from retail_wide.dim_customer';
    expect(await asked(`(${versions} except all ${stored}) union all (${stored} except all ${versions})`)).toEqual([]);
    expect(await asked('select count(*) filter (where is_current <> (valid_to is null)) as wrong, count(*) > 0 as any from retail_wide.dim_customer')).toEqual([{ wrong: '0', any: true }]);
    expect(await asked('select min(date)::text as first, count(*) = max(date) - min(date) + 1 as gapless from retail_wide.dim_date')).toEqual([{ first: data.from.slice(0, 10), gapless: true }]);
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
