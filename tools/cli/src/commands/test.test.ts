import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Outcome, runCommand } from '../testing/run-command';
import * as test_ from './test';

const EXAMPLES = resolve(__dirname, '../../../../examples');

const weirTest = (...args: string[]): Promise<Outcome> => runCommand([test_], ['test', ...args]);

let root = '';
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'weir-cli-test-'))));
afterEach(() => rmSync(root, { recursive: true }));

/** A copy of an example, with one text of one of its files replaced. */
function changed(example: string, file: string, from: string, to: string): string {
  const folder = join(root, example);
  cpSync(join(EXAMPLES, example), folder, { recursive: true });
  const text = readFileSync(join(folder, file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(folder, file), text.replace(from, to));
  return folder;
}

test.each([
  ['hello', 2, ['bronze.orders batch', 'gold.revenue_by_country batch']],
  ['retail', 9, ['bronze.order_lines batch', 'silver.lines batch', 'silver.lines micro-batch', 'gold.revenue_by_day_country batch', 'gold.top_products_by_day batch', 'gold.customer_features batch', 'gold.dim_customer batch', 'gold.dim_product batch', 'gold.dim_date batch', 'gold.fact_sales batch', 'gold.fact_sales micro-batch']],
  ['clickstream', 5, ['bronze.click_events batch', 'bronze.click_events micro-batch', 'silver.clicks batch', 'silver.clicks micro-batch', 'gold.purchases batch', 'gold.purchases micro-batch', 'gold.page_minutes batch', 'gold.users batch']],
])('the tests of examples/%s pass, and are as many as are said', async (example, count, runs) => {
  const { code, stdout } = await weirTest(join(EXAMPLES, example), '--json');
  const result = JSON.parse(stdout) as { tests: { name: string; model: string; mode: string; result: string }[] };
  expect(result).toMatchObject({ pipeline: example, failed: 0, passed: runs.length });
  expect(result.tests.map(({ model, mode }) => `${model} ${mode}`).sort()).toEqual([...runs].sort());
  expect(new Set(result.tests.map(({ name }) => name)).size).toBe(count);
  expect(code).toBe(0);
});

test('a model that is changed fails its tests, in both modes, with the rows that differ', async () => {
  const folder = changed('retail', 'models/silver/lines.sql', "invoice_no like 'C%'", "invoice_no like 'D%'");
  const { code, stdout } = await weirTest(folder, '--model', 'silver.lines');
  expect(code).toBe(1);
  const lines = stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim());
  expect(lines.filter((line) => /^a line knows .* silver\.lines (batch|micro-batch) 1 changed$/.test(line))).toHaveLength(2);
  expect(lines).toContain('changed C379 -27.500 expected true, is false 2010-12-01'.replace('C379', 'C536379'));
  expect(stdout).toContain(`${join(folder, 'tests/lines.yaml')}:16:5`);
  expect(stdout).toContain('2 of 2 runs of 1 test failed');
  const { tests } = JSON.parse((await weirTest(folder, '--model', 'silver.lines', '--json')).stdout) as { tests: object[] };
  expect(tests[0]).toMatchObject({ result: 'failed', differences: [{ kind: 'changed', columns: ['is_cancellation'], expected: { is_cancellation: 'true' }, actual: { is_cancellation: 'false' } }] });
});

test('SQL that fails on the rows says where it stands in its file', async () => {
  const folder = changed('retail', 'models/silver/lines.sql', 'cast(invoice_date as date) as day', 'cast(stock_code as bigint) as code, cast(invoice_date as date) as day');
  const { code, stdout } = await weirTest(folder, '--model', 'silver.lines');
  expect(code).toBe(1);
  const line = readFileSync(join(folder, 'models/silver/lines.sql'), 'utf8').split('\n').findIndex((text) => text.includes('stock_code as bigint')) + 1;
  expect(stdout).toContain(`MODEL_FAILED  ${join(folder, 'models/silver/lines.sql')}:${line}:3`);
});

/** `:line:column` of the first place of a text in a file. */
function placeOf(file: string, part: string): string {
  const before = readFileSync(file, 'utf8').split(part, 1)[0] ?? '';
  return `:${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`;
}

test.each([
  ['model: gold.revenue_by_country', 'model: gold.revenue_by_contry', 'UNKNOWN_DATASET', 'gold.revenue_by_contry', 'did you mean `gold.revenue_by_country`?'],
  ['amount: 10.10 }', 'amount: ten }', 'INVALID_VALUE', 'ten }', 'Correct the value'],
  ['    quarantined:', '    quarantine:', 'UNKNOWN_KEY', 'quarantine:', 'did you mean `quarantined`?'],
  ['minLength:country', 'minLengt:country', 'INVALID_VALUE', 'minLengt:', 'did you mean `minLength:country`?'],
  ['given:', 'given: {', 'INVALID_YAML', 'raw.orders:', 'Correct the syntax'],
])('a wrong test file ends with 2 and says where: %s', async (from, to, code, part, fix) => {
  const folder = changed('hello', 'tests/orders.yaml', from, to);
  const outcome = await weirTest(folder);
  expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code: 2, stdout: '' });
  const file = join(folder, 'tests/orders.yaml');
  expect(outcome.stderr).toContain(`${code}  ${file}${code === 'INVALID_YAML' ? '' : placeOf(file, part)}`);
  expect(outcome.stderr).toContain(fix);
});

test('a folder without tests, and a model that is not there, end with 2', async () => {
  const folder = changed('hello', 'pipeline.yaml', 'name: hello', 'name: hello');
  expect(await weirTest(folder, '--model', 'gold.x')).toMatchObject({ code: 2, stderr: expect.stringContaining('bronze.orders, gold.revenue_by_country') as string });
  rmSync(join(folder, 'tests'), { recursive: true });
  expect(await weirTest(folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('MISSING_FILE') as string });
});

test('rows of another pipeline are typed by the folder beside it, without a platform', async () => {
  changed('hello', 'pipeline.yaml', 'name: hello', 'name: hello');
  const files = {
    'pipeline.yaml': 'name: report\nsource: { dataset: rates, type: file, path: rates/*.csv }\nmodels:\n  in_euro: { over: history }\ndestinations: [{ connection: warehouse, schema: report }]\n',
    'contract.odcs.yaml': 'apiVersion: v3.1.0\nkind: DataContract\nid: rates\nversion: 1.0.0\nstatus: active\nschema:\n  - name: rates\n    properties:\n      - { name: country, logicalType: string }\n      - { name: rate, logicalType: number, physicalType: "decimal(10,4)" }\n',
    'models/gold/in_euro.sql': 'select country, cast(revenue * rate as decimal(18, 2)) as euro from hello.revenue_by_country join bronze.rates using (country)',
    'tests/euro.yaml': 'tests:\n  - name: revenue in euro\n    model: gold.in_euro\n    given:\n      hello.revenue_by_country: [{ country: Spain, revenue: 10.5 }, { country: Peru, revenue: 1 }]\n      bronze.rates: rates.csv\n    expect: [{ country: Spain, euro: 21 }]\n',
    'tests/rates.csv': 'country,rate\nSpain,2.0000\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, 'report', path)), { recursive: true });
    writeFileSync(join(root, 'report', path), text);
  }
  expect(await weirTest(join(root, 'report'))).toMatchObject({ code: 0, stderr: '' });
});

test('pipelines in folders side by side that read each other are told, and do not wait for each other', async () => {
  for (const [name, other] of Object.entries({ report: 'orders', orders: 'stock', stock: 'orders' })) {
    const folder = changed('hello', 'pipeline.yaml', 'name: hello', `name: ${name}`);
    writeFileSync(join(folder, 'models/gold/revenue_by_country.sql'), `select country, revenue, 1 as orders from ${other}.revenue_by_country`);
    cpSync(folder, join(root, name), { recursive: true });
    rmSync(folder, { recursive: true });
  }
  expect(await weirTest(join(root, 'report'))).toMatchObject({ code: 2, stderr: expect.stringMatching(/`orders\.revenue_by_country`/) as string });
});
