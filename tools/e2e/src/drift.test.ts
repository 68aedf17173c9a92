import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { weir } from './command-line';
import { useHouse } from './house';

/** Lines of the table of lines by day: 200 arrived on each, one day was refused, 8 are in quarantine, 5 were left out. */
const LINES = { '2010-12-01': 200, '2010-12-02': 200, '2010-12-03': 200, '2010-12-05': 192, '2010-12-06': 195, '2010-12-08': 200 };

describe('data that changes while its contract stays', () => {
  const house = useHouse();
  const rows = async (sql: string): Promise<unknown[]> => (await house.platform.warehouse.query<Record<string, unknown>>(sql)).rows;

  test('weir demo drift: every kind of change ends as the contract says, in what is told and in the tables', async () => {
    const { code, stdout, stderr } = await weir(['demo', 'drift'], house.platform.state.home);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const told of [
      /new_column:Channel: 200 rows went on, the first at 2010-12-02\.csv:2\n +The contract does not name the column Channel; it is kept aside until it does\./,
      /~ column order_lines\.country default {2}none → United Kingdom\n/,
      /missing:country: 200 rows went on, .*\n +country is missing; the contract's default "United Kingdom" stands there\./,
      /type:quantity: 8 rows in quarantine, the first at 2010-12-05\.csv:9\n/,
      /~ drift of order_lines nullability {2}quarantine → discard_row\n/,
      /required:stock_code: 5 rows left out, the first at 2010-12-06\.csv:5\n/,
      /CONTRACT_FROZEN {2}2010-12-07\.csv:1\n +The header does not have column `UnitPrice` and has the new column `Price`/,
      /lines\.unit_price: numeric\(12,3\) → numeric\(14,4\)\n/,
    ]) expect(stdout).toMatch(told);
    // A terminal of 100 columns shows all that the demo itself says without wrapping.
    const own = stdout.slice(0, stdout.indexOf('\nAddresses\n')).split('\n');
    expect(own.filter((line) => line.length > 100 && !line.includes(house.platform.state.home))).toEqual([]);

    expect(await rows('select day::text as day, count(*)::int as lines from retail_drift.lines group by 1 order by 1')).toEqual(Object.entries(LINES).map(([day, lines]) => ({ day, lines })));
    expect(await rows(`select channel, count(*)::int as lines from retail_drift.lines where day = '2010-12-02' group by 1 order by 1`)).toEqual([{ channel: 'phone', lines: 20 }, { channel: 'shop', lines: 60 }, { channel: 'web', lines: 120 }]);
    expect(await rows('select distinct country from retail_drift.lines where day = $$2010-12-03$$')).toEqual([{ country: 'United Kingdom' }]);
    const { rows: quarantined } = await house.platform.clients.quarantine.listRows({ pipeline: 'retail_drift', runId: '', limit: 100 });
    expect(quarantined.map(({ rules, original }) => [rules, / pcs,/.test(Buffer.from(original).toString())])).toEqual(Array.from({ length: 8 }, () => [['type:quantity'], true]));
  });

  test('what runs say of the rules that rows broke is in their records', async () => {
    const { stdout } = await weir(['runs', 'show', 'run/retail_drift/2010-12-06_2010-12-07'], house.platform.state.home);
    expect(stdout).toMatch(/\n {2}rule +rows {2}what became of them\n {2}required:stock_code +5 {2}left out\n {4}2010-12-06\.csv:5: stock_code is empty; the row is left out\.\n/);
    const report = await weir(['runs', 'report', 'retail_drift'], house.platform.state.home);
    expect(report.stdout).toMatch(/type:quantity +row rule +critical +1 +8 +8 rows in quarantine/);
    expect(report.stdout).toMatch(/new_column:Channel +row rule +warning +1 +200 +200 rows\n/);
  });

  test('it can be shown again: each time is a pipeline of its own, whose files are there to look at', async () => {
    expect(await weir(['demo', 'drift'], house.platform.state.home)).toMatchObject({ code: 0 });
    expect(await rows('select count(*)::int as lines from retail_drift_2.lines')).toEqual([{ lines: 1_187 }]);
    const folder = join(house.platform.state.home, 'demo/retail_drift_2');
    expect(readFileSync(join(folder, 'contract.odcs.yaml'), 'utf8')).toContain('nullability: discard_row, newColumn: freeze, missingColumn: freeze');
    expect(readdirSync(join(folder, 'data'))).toEqual(['2010-12-01.csv', '2010-12-03.csv', '2010-12-05.csv', '2010-12-06.csv', '2010-12-07.csv', '2010-12-08.csv']);
  });
});
