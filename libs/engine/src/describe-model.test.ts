import { describeModel } from './describe-model';

const ORDERS = new Map([['bronze.orders', [{ name: 'country', type: 'VARCHAR' as const }, { name: 'amount', type: 'DECIMAL(12,3)' as const }, { name: 'placed', type: 'TIMESTAMP' as const }]]]);

describe('describeModel', () => {
  it('gives the output columns with the engine\'s types', async () => {
    const columns = await describeModel('select country, count(*) as orders, sum(amount) as revenue, min(placed)::date as first from bronze.orders group by country', ORDERS);
    expect(columns).toEqual([
      { name: 'country', type: 'VARCHAR' },
      { name: 'orders', type: 'BIGINT' },
      { name: 'revenue', type: 'DECIMAL(38,3)' },
      { name: 'first', type: 'DATE' },
    ]);
  });

  it.each([
    ['select country,\n  amout from bronze.orders', 2, 3, /"amout" not found/],
    ['select coun(*) from bronze.orders', 1, 8, /coun/],
    ['select 1 as a, 2 as A', 1, 1, /Two columns are called `A`/],
    ['select * from gold.nothing', 1, 15, /nothing/],
    ["select '\u00e4\u00e4' as a,\n \u00fcber from bronze.orders", 2, 2, /not found/],
  ])('says where %j is wrong', async (sql, line, column, message) => {
    expect(await describeModel(sql, ORDERS)).toMatchObject({ code: 'INVALID_SQL', line, column, message: expect.stringMatching(message) as string });
  });

  it('refuses what inspect refuses before it binds anything', async () => {
    expect(await describeModel("select * from read_text('/etc/passwd')", ORDERS)).toMatchObject({ code: 'FORBIDDEN_SQL' });
  });
});
