import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import { retailTables } from './tables';
import type { RetailPipeline } from './retail-pipeline';

interface Preview {
  readonly definitionVersion: number | null;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Readonly<Record<string, string | null>>[];
  readonly more: boolean;
  readonly rowsRead: number;
  readonly partitions: readonly string[];
}

describe('weir preview', () => {
  const house = useHouse();
  let shop: RetailPipeline;
  beforeAll(async () => {
    shop = await house.retail('retail_preview', { from: '2021-05-03', days: 2, rowsPerDay: 500, seed: 47 });
  });

  const preview = (...args: string[]): Promise<CommandEnd> => weir(['preview', ...args], house.platform.state.home, { RETAIL_PATH: shop.data });
  const model = 'models/gold/revenue_by_day_country.sql';
  const change = (from: string, to: string): void => {
    const file = join(shop.folder, model);
    const text = readFileSync(file, 'utf8');
    if (!text.includes(from)) throw new Error(`${model} has no ${from}.`);
    writeFileSync(file, text.replace(from, to));
  };

  test('names the fix before anything is published', async () => {
    const { code, stderr } = await preview('gold.revenue_by_day_country', shop.folder);
    expect(code).toBe(2);
    expect(stderr).toContain('`gold.revenue_by_day_country` reads `silver.lines`, of which nothing is published.');
    expect(stderr).toContain('`weir run retail_preview` first');
    expect(stderr).toContain('`weir test`');
  });

  test('shows what the destination has, and what files that nobody applied would give; the destination stays as it is', async () => {
    await house.platform.run(shop.name, { start: '2021-05-03', end: '2021-05-05' });
    const tables = await retailTables(house.platform.warehouse, shop.name);
    const { rows } = await house.platform.warehouse.query<{ country: string; revenue: string }>(`select country, revenue::text from retail_preview.revenue_by_day_country where day = '2021-05-04' order by 1`);
    const day = ['--interval', '2021-05-04/2021-05-05', '--limit', '1000', '--json'];
    const applied = JSON.parse((await preview('gold.revenue_by_day_country', '--pipeline', shop.name, ...day)).stdout) as Preview;
    const sorted = (found: Preview): unknown[] => found.rows.map(({ country, revenue }) => ({ country, revenue })).sort((a, b) => ((a.country ?? '') < (b.country ?? '') ? -1 : 1));
    expect(sorted(applied)).toEqual(rows.sort((a, b) => (a.country < b.country ? -1 : 1)));
    expect(applied).toMatchObject({ definitionVersion: 1, more: false, partitions: ['2021-05-04T00:00:00Z'] });

    change('as decimal(18, 3)) as revenue', 'as decimal(18, 3)) * 2 as revenue');
    const changed = JSON.parse((await preview('gold.revenue_by_day_country', shop.folder, ...day)).stdout) as Preview;
    // Thousandths as whole numbers: what JavaScript adds must be exact.
    const thousandths = (text: string | null | undefined): bigint => BigInt((text ?? '').replace('.', ''));
    const twice = new Map(changed.rows.map(({ country, revenue }) => [country, thousandths(revenue)]));
    expect(new Map(rows.map(({ country, revenue }) => [country, 2n * thousandths(revenue)]))).toEqual(twice);
    expect(changed.definitionVersion).toBeNull();
    expect(changed.rowsRead).toBe(applied.rowsRead);
    expect(await retailTables(house.platform.warehouse, shop.name)).toEqual(tables);
  });

  test('prints a table of the newest rows with their types', async () => {
    const { code, stdout } = await preview('silver.lines', shop.folder, '--limit', '3');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +line_id VARCHAR +invoice_no VARCHAR .* total DECIMAL\(18,3\) +is_cancellation BOOLEAN +day DATE\n/);
    expect(stdout.match(/ 2021-05-04\n/g)).toHaveLength(3);
    expect(stdout).toMatch(/3 rows, and there are more, made by the files of \d+ rows of 2021-05-04T00:00:00Z\./);
  });

  test('names the place of an error in the file, whether it does not compile or does not fit the rows', async () => {
    change('select\n  day,', 'select\n  dey,');
    const unknown = await preview('gold.revenue_by_day_country', shop.folder);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain(`INVALID_SQL  ${shop.folder}/${model}:3:3`);
    change('select\n  dey,', 'select\n  cast(country as bigint) as number, day,');
    const failing = await preview('gold.revenue_by_day_country', shop.folder);
    expect(failing).toMatchObject({ code: 1, stdout: '' });
    expect(failing.stderr).toContain(`MODEL_FAILED  ${shop.folder}/${model}:3:3`);
  });
});
