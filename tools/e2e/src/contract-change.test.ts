import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import { retailPipeline, type RetailPipeline } from './retail-pipeline';

describe('a contract that changes', () => {
  const house = useHouse();
  let shop: RetailPipeline;
  let reader: RetailPipeline;
  let round = 0;

  const applied = (pipeline: RetailPipeline, ...options: string[]): Promise<CommandEnd> => weir(['apply', pipeline.folder, ...options], house.platform.state.home, { RETAIL_PATH: pipeline.data });
  const change = (path: string, from: string | RegExp, to: string): void => {
    const file = join(shop.folder, path);
    const text = readFileSync(file, 'utf8');
    if (text.replace(from, to) === text) throw new Error(`${path} has nothing like ${from}.`);
    writeFileSync(file, text.replace(from, to));
  };
  const versions = async () => (await house.platform.clients.definitions.getDefinition({ pipeline: shop.name, version: 0 })).version;

  beforeEach(async () => {
    // What one test applies would be what the next one's contract is held against.
    round += 1;
    shop = retailPipeline(house.scratch, `retail_contract_${round}`, house.scratch);
    reader = retailPipeline(house.scratch, `retail_reader_${round}`, house.scratch);
    writeFileSync(join(reader.folder, 'models/gold/revenue_by_day_country.sql'), `select day, country, revenue from ${shop.name}.revenue_by_day_country`);
    for (const pipeline of [shop, reader]) expect(await applied(pipeline)).toMatchObject({ code: 0 });
  });

  test('in a way that its mode forbids ends a dry run with 1 and names who reads the column; apply refuses it and stores nothing', async () => {
    const before = await versions();
    change('contract.odcs.yaml', 'physicalType: decimal(12,3)', 'physicalType: decimal(10,2)');
    const dry = await applied(shop, '--dry-run');
    expect(dry.code).toBe(1);
    expect(dry.stdout).toMatch(/~ order_lines\.unit_price type +DECIMAL\(12,3\) +DECIMAL\(10,2\) +backward +BACKWARD refuses it/);
    const line = readFileSync(join(shop.folder, 'models/silver/lines.sql'), 'utf8').split('\n').indexOf('  unit_price,') + 1;
    expect(dry.stdout).toContain(`${shop.folder}/models/silver/lines.sql:${line}:3`);
    expect(dry.stdout).toMatch(/order_lines\.unit_price +retail_reader_\d version \d+ +gold\.revenue_by_day_country +models\/gold\/revenue_by_day_country\.sql:1:22/);
    const json = JSON.parse((await applied(shop, '--dry-run', '--json')).stdout) as { contract: unknown[] };
    expect(json.contract).toEqual([expect.objectContaining({ dataset: 'order_lines', kind: 'type', columns: ['unit_price'], breaking: true, breaks: ['backward'] })]);
    const refused = await applied(shop);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(`^CONTRACT_INCOMPATIBLE  ${shop.folder}/contract\\.odcs\\.yaml:\\d+:\\d+\\n`));
    expect(await versions()).toBe(before);
  });

  test('in a way that its mode allows ends a dry run with 0, and is applied', async () => {
    change('contract.odcs.yaml', 'physicalType: decimal(12,3)', 'physicalType: decimal(14,3)');
    const dry = await applied(shop, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching(/DECIMAL\(14,3\) +forward +BACKWARD takes it/) as unknown });
    expect(await applied(shop)).toMatchObject({ code: 0 });
  });

  test('by a column that its own models still read is a breaking change, beside what does not compile', async () => {
    change('contract.odcs.yaml', /      - name: quantity\n(?:        .*\n)+/, '');
    const dry = await applied(shop, '--dry-run');
    expect(dry.code).toBe(1);
    expect(dry.stdout).toMatch(/- order_lines\.quantity +BIGINT required +forward +BACKWARD takes it/);
    expect(dry.stdout).toMatch(/order_lines\.quantity +retail_reader_\d version \d+/);
    expect(dry.stderr).toContain(`INVALID_SQL  ${shop.folder}/models/silver/lines.sql:`);
  });
});
