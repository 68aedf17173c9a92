import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateRetail } from '@weir/generate';
import { retailTruth } from './oracle';

describe('the oracle of the retail tables', () => {
  let scratch = '';
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'weir-oracle-'));
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  test('agrees with the counts that the generator knows from making the data, damaged lines included', async () => {
    const folder = join(scratch, 'generated');
    const { expected } = await generateRetail(folder, { from: '2020-01-06', days: 5, rowsPerDay: 5_000, seed: 5, brokenShare: 0.004 });
    expect(retailTruth(folder).accounts).toEqual(expected);
  });

  test('computes by hand-checked rules', () => {
    const folder = join(scratch, 'small');
    const lines = ['A,B,C,Q,D,P,I,L', '1,x,"a, ""b""",2,2020-01-01 10:00:00,1.255,7.0,UK', '1,x,"a, ""b""",2,2020-01-01 10:00:00,1.255,7.0,UK', 'C2,x,,-1,2020-01-01 11:00:00,1.0,7.0,UK', '3,y,z,-1,2020-01-01 11:00:00,0.0,,UK', '4,y,z,1,2020-01-01 11:00:00,-1.0,,UK'];
    mkdirSync(folder);
    writeFileSync(join(folder, '2020-01-01.csv'), `${lines.join('\n')}\n`);
    const { accounts, tables, quarantine } = retailTruth(folder);
    expect(accounts).toEqual({ read: 5, admitted: 2, duplicate: 1, quarantined: 2 });
    expect(tables.lines).toEqual(['1\tx\ta, "b"\t2\t2020-01-01 10:00:00\t1.255\t7\tUK\t2.510\tf\t2020-01-01', 'C2\tx\t\\N\t-1\t2020-01-01 11:00:00\t1.000\t7\tUK\t-1.000\tt\t2020-01-01']);
    expect(tables.revenue_by_day_country).toEqual(['2020-01-01\tUK\t1\t2\t2.510\t-1.000']);
    expect(tables.top_products_by_day).toEqual(['2020-01-01\t1\tx\t2\t2.510']);
    expect(tables.customer_features).toEqual(['7\t2020-01-01 10:00:00\t2020-01-01 11:00:00\t1\t1.510']);
    expect([...quarantine.keys()]).toEqual(['2020-01-01.csv:5', '2020-01-01.csv:6']);
  });
});
