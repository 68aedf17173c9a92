import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import { apply, type RetailPipeline } from './retail-pipeline';

interface Suggested {
  readonly definitionVersion: number;
  readonly rows: number;
  readonly proposals: readonly { readonly id: string; readonly reason: string }[];
  readonly contract: { readonly diff: string; readonly accepted: readonly string[]; readonly written: boolean } | null;
}

describe('weir datasets suggest', () => {
  const house = useHouse();
  let shop: RetailPipeline;
  beforeAll(async () => {
    shop = await house.retail('retail_suggest', { from: '2021-05-03', days: 3, rowsPerDay: 500, seed: 53 });
  });

  const suggest = (...args: string[]): Promise<CommandEnd> => weir(['datasets', 'suggest', ...args], house.platform.state.home, { RETAIL_PATH: shop.data });
  const answer = async (...args: string[]): Promise<Suggested> => JSON.parse((await suggest(...args, '--json')).stdout) as Suggested;
  const contractText = (): string => readFileSync(join(shop.folder, 'contract.odcs.yaml'), 'utf8');
  const interval = { start: '2021-05-03', end: '2021-05-06' };

  test('names the fix before anything is published', async () => {
    const { code, stderr } = await suggest(shop.name, shop.folder);
    expect(code).toBe(2);
    expect(stderr).toContain('Nothing is published of `bronze.order_lines` of retail_suggest');
    expect(stderr).toContain('`weir run retail_suggest` first');
  });

  test('suggests what the rows of the shop speak for, shows it as a difference, and writes nothing', async () => {
    await house.platform.run(shop.name, interval);
    const before = contractText();
    const { code, stdout } = await suggest(shop.name, shop.folder);
    expect(code).toBe(0);
    expect(stdout).toContain('bronze.order_lines of retail_suggest');
    expect(stdout).toMatch(/^\+ +implementation: \{ check: range, min: /m);
    expect(stdout).toContain('Nothing was written.');
    const { proposals, contract } = await answer(shop.name, shop.folder);
    expect(proposals.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([
      'quantity.range: The middle 98 % of 1,481 values, widened by half of their width on either side. 1 of them (less than 0.1 %, 0.2 % in one grain) fails it; 1 % may.',
      'unit_price.range: The middle 98 % of 1,481 values, widened by half of their width on either side. None of them fails it; 1 % may.',
      'country.set: 1,481 values, of which 8 are different.',
      'invoice_date.freshness: In each of 3 grains the newest value was at most 6.5h old when the grain ended; 13h leaves room.',
    ]);
    expect(contract).toMatchObject({ accepted: proposals.map(({ id }) => id), written: false });
    expect(contractText()).toBe(before);
    // The same rows, the same answer.
    expect(await answer(shop.name, shop.folder)).toMatchObject({ proposals, contract });
  });

  test('writes what is accepted, which apply takes and the same rows pass', async () => {
    const before = contractText();
    const { proposals } = await answer(shop.name, shop.folder);
    const [first] = proposals;
    expect(await suggest(shop.name, shop.folder, '--accept', first?.id ?? '')).toMatchObject({ code: 0, stdout: expect.stringContaining('Written: 1 check.') as string });
    // All lines that were there are there, in their order.
    let at = -1;
    const lines = contractText().split('\n');
    for (const line of before.split('\n')) expect((at = lines.indexOf(line, at + 1))).toBeGreaterThanOrEqual(0);
    const rest = await answer(shop.name, shop.folder, '--accept');
    expect(rest.contract).toMatchObject({ written: true, accepted: proposals.slice(1).map(({ id }) => id) });
    expect((await answer(shop.name, shop.folder)).proposals).toEqual([]);
    await apply(shop, house.platform.state.home);
    const { runId } = await house.platform.run(shop.name, interval);
    const { stages } = await house.platform.clients.runs.getRun({ run: runId });
    const checks = stages.flatMap((stage) => stage.checks).filter(({ dataset }) => dataset === 'bronze.order_lines');
    expect(checks.length).toBe(proposals.length + 2);
    // The example's own check of descriptions finds some missing.
    expect(checks.filter(({ passed }) => !passed).map(({ check }) => check)).toEqual(['order_lines.description_present']);
  });

  test('of a model, with the checks of one column and of some days', async () => {
    const { rows, proposals, contract } = await answer(`${shop.name}.lines`, '--only', 'total', '--interval', '2021-05-03/2021-05-04');
    expect(rows).toBeLessThanOrEqual(500);
    expect(proposals.map(({ id }) => id)).toEqual(['total.nullShare', 'total.range']);
    expect(contract).toBeNull();
  });

  test.each([
    [['--accept', 'country.nothing'], '`country.nothing` is not suggested.'],
    [['--only', 'nothing'], '`nothing` is not a column of bronze.order_lines.'],
    [['--interval', '2021-05-03'], '`2021-05-03` is not an interval.'],
  ])('%j ends with 2 and writes nothing', async (args, message) => {
    const before = contractText();
    const { code, stderr } = await suggest(shop.name, shop.folder, ...args);
    expect({ code, told: stderr.includes(message) }).toEqual({ code: 2, told: true });
    expect(contractText()).toBe(before);
  });

  test('the folder of another pipeline is refused', async () => {
    const file = join(shop.folder, 'pipeline.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('name: retail_suggest', 'name: another'));
    expect(await suggest(shop.name, shop.folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('The folder is of the pipeline `another`') as string });
    writeFileSync(file, text);
  });
});
