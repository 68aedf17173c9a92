import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import type { RetailPipeline } from './retail-pipeline';

interface Tested {
  readonly definitionVersion: number | null;
  readonly type: string;
  readonly right: boolean;
  readonly findings: readonly { readonly what: string; readonly right: boolean; readonly told: string; readonly code: string; readonly place: string }[];
}

describe('weir sources test', () => {
  const house = useHouse();
  let shop: RetailPipeline;
  beforeAll(async () => {
    shop = await house.retail('retail_sources', { from: '2021-05-03', days: 3, rowsPerDay: 200, seed: 53 });
  });

  const look = (...args: string[]): Promise<CommandEnd> => weir(['sources', 'test', ...args], house.platform.state.home, { RETAIL_PATH: shop.data });

  test('an applied pipeline and the files of a folder are looked at alike; a hole and a column that is missing end with 2', async () => {
    const wide = ['--interval', '2021-05-03/2021-05-06', '--json'];
    const applied = await look(shop.name, ...wide);
    expect({ code: applied.code, stderr: applied.stderr }).toEqual({ code: 0, stderr: '' });
    const answer = JSON.parse(applied.stdout) as Tested;
    expect(answer).toMatchObject({ definitionVersion: 1, type: 'file', right: true, findings: [{ what: 'data', told: '3 files of 2021-05-03/2021-05-06: 2021-05-03.csv, 2021-05-04.csv, 2021-05-05.csv.' }, { what: 'columns' }] });
    expect(JSON.parse((await look(shop.folder, ...wide)).stdout)).toEqual({ ...answer, definitionVersion: null });

    rmSync(join(shop.data, '2021-05-04.csv'));
    const first = join(shop.data, '2021-05-03.csv');
    const [header = '', ...lines] = readFileSync(first, 'utf8').split('\n');
    writeFileSync(first, [header.replace(/^[^,]+/, 'another'), ...lines].join('\n'));
    const { code, stdout } = await look(shop.folder, '--interval', '2021-05-03/2021-05-06');
    expect(code).toBe(2);
    expect(stdout).toContain('1 of 3 intervals has no file, the first of them 2021-05-04/2021-05-05.');
    expect(stdout).toContain('HEADER_MISMATCH  2021-05-03.csv');
    expect(stdout).toContain('It is not in the contract');
  });

  test('what cannot be asked ends with 2: an unknown pipeline, an interval off the grain', async () => {
    expect(await look('nobody')).toMatchObject({ code: 2, stderr: expect.stringContaining('PIPELINE_NOT_FOUND') as string });
    expect(await look(shop.name, '--interval', '2021-05-03/2021-05-03T05:00:00Z')).toMatchObject({ code: 2, stderr: expect.stringContaining('INVALID_INTERVAL') as string });
  });
});
