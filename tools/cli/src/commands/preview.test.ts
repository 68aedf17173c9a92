import { cpSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { useOwnHome } from '../testing/own-home';
import { type Outcome, runCommand } from '../testing/run-command';
import * as preview from './preview';

const HELLO = resolve(__dirname, '../../../../examples/hello');

const root = useOwnHome();

const weir = (...args: string[]): Promise<Outcome> => runCommand([preview], ['preview', ...args]);

test('without a platform ends with 3', async () => {
  expect(await weir('gold.revenue_by_country', HELLO)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('PLATFORM_DOWN') as string });
});

test('wrong files end with 2, each problem with its place, before any platform is asked', async () => {
  const folder = join(root(), 'hello');
  cpSync(HELLO, folder, { recursive: true });
  writeFileSync(join(folder, 'models/gold/revenue_by_country.sql'), 'select\n  countri,\n  count(*) as orders\nfrom bronze.orders group by country');
  expect(await weir('gold.revenue_by_country', folder)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`INVALID_SQL  ${folder}/models/gold/revenue_by_country.sql:2:3`) as string });
});

test.each([
  ['--limit', '1001', '`1001` is not a limit.'],
  ['--interval', '2010-12-01', '`2010-12-01` is not an interval.'],
])('%s %s ends with 2', async (option, value, message) => {
  const { code, stderr } = await weir('gold.revenue_by_country', HELLO, option, value);
  expect({ code, told: stderr.includes(message) }).toEqual({ code: 2, told: true });
});
