import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkFolder } from '../definition/check-folder';
import { type Outcome, runCommand } from '../testing/run-command';
import * as apply from './apply';
import * as check from './check';
import * as init from './init';

const ROOT = resolve(__dirname, '../../../..');

const weir = (...args: string[]): Promise<Outcome> => runCommand([init, check, apply], args);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function csv(name: string, ...lines: string[]): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function expectRight(dir: string) {
  const outcome = await checkFolder(dir, {});
  expect('problems' in outcome ? outcome.problems : []).toEqual([]);
}

describe('weir init', () => {
  test('writes the hello example, which is right', async () => {
    const dir = join(folder, 'hello');
    expect(await weir('init', dir)).toMatchObject({ code: 0, stderr: '' });
    for (const path of ['pipeline.yaml', 'contract.odcs.yaml', 'models/gold/revenue_by_country.sql', 'tests/orders.yaml', 'data/orders.csv']) {
      expect(readFileSync(join(dir, path), 'utf8')).toBe(readFileSync(join(ROOT, 'examples/hello', path), 'utf8'));
    }
    await expectRight(dir);
  });

  test('names the example as it is told, and says what comes next', async () => {
    const outcome = await weir('init', join(folder, 'x'), '--name', 'shop');
    expect(readFileSync(join(folder, 'x/pipeline.yaml'), 'utf8')).toMatch(/^name: shop\n[\s\S]*schema: shop \}/);
    expect(outcome.stdout).toMatch(/weir check .*x\n.*weir test .*x\n.*weir up --detach\n.*weir apply .*x\n.*weir run shop --watch/);
  });

  test('never overwrites without --force, and then writes nothing at all', async () => {
    csv('hello/data/orders.csv', 'mine');
    const refused = await weir('init', join(folder, 'hello'));
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') as string });
    expect(readdirSync(join(folder, 'hello'))).toEqual(['data']);
    expect(readFileSync(join(folder, 'hello/data/orders.csv'), 'utf8')).toBe('mine\n');
    expect(await weir('init', join(folder, 'hello'), '--force')).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'hello/data/orders.csv'), 'utf8')).not.toBe('mine\n');
  });

  test('derives types, headers, required columns and the key from a file', async () => {
    const file = csv('sales.csv', 'Order No;Country;Unit Price;CustomerID;Zip;Paid;Placed at;Note', ...Array.from({ length: 40 }, (_, n) => `${n};${n % 3 ? 'AT' : 'DE'};${n}.${n % 10}5;${n % 4 ? `${17850 + n}.0` : ''};0${n};${n % 2 ? 'true' : 'false'};2024-05-0${(n % 9) + 1} 10:00:00;`));
    expect(await weir('init', join(folder, 'out'), '--from', file)).toMatchObject({ code: 0, stderr: '' });
    const contract = readFileSync(join(folder, 'out/contract.odcs.yaml'), 'utf8');
    const properties = contract.split('      - name: ').slice(1).map((text) => text.trimEnd().split(/\n\s+/));
    expect(properties).toEqual([
      ['order_no', 'physicalName: Order No', 'logicalType: integer', 'primaryKey: true'],
      ['country', 'physicalName: Country', 'logicalType: string', 'required: true'],
      ['unit_price', 'physicalName: Unit Price', 'logicalType: number', 'physicalType: decimal(12,2)', 'required: true'],
      ['customer_id', 'physicalName: CustomerID', 'logicalType: integer'],
      ['zip', 'physicalName: Zip', 'logicalType: string', 'required: true'],
      ['paid', 'physicalName: Paid', 'logicalType: boolean', 'required: true'],
      ['placed_at', 'physicalName: Placed at', 'logicalType: timestamp', 'required: true'],
      ['note', 'physicalName: Note', 'logicalType: string'],
    ]);
    expect(readFileSync(join(folder, 'out/pipeline.yaml'), 'utf8')).toContain('delimiter: ";"');
    expect(readFileSync(join(folder, 'out/models/gold/sales_by_country.sql'), 'utf8')).toBe('-- sales by country: how many, and what they add up to.\nselect\n  country,\n  count(*) as row_count,\n  sum(unit_price) as total_unit_price\nfrom bronze.sales\ngroup by country\n');
    await expectRight(join(folder, 'out'));
  });

  test.each([
    ['01/02/2024', 'date', 'dd/MM/yyyy'],
    ['12/31/2024', 'date', 'MM/dd/yyyy'],
    ['31.12.2024', 'date', 'dd.MM.yyyy'],
    ['2024-12-31', 'date', undefined],
    ['31/12/2024 23:59', 'timestamp', 'dd/MM/yyyy HH:mm'],
    ['2024-12-31T23:59:00', 'timestamp', undefined],
    ['1e5', 'number', undefined],
    ['-0.125', 'number', undefined],
    ['123456789012345678901234567890', 'number', undefined],
    ['007', 'string', undefined],
    ['TRUE', 'boolean', undefined],
    ['', 'string', undefined],
  ])('takes %j for a %s', async (value, type, format) => {
    const file = csv('f.csv', 'a,b', `${value},x`, `${value},y`);
    await weir('init', join(folder, 'out'), '--from', file);
    const contract = readFileSync(join(folder, 'out/contract.odcs.yaml'), 'utf8');
    expect(contract).toContain(`- name: a\n        logicalType: ${type}\n`);
    expect(/format: "(.*)"/.exec(contract)?.[1]).toBe(format);
    await expectRight(join(folder, 'out'));
  });

  test('reads a column as what nearly all of its values are, and says what does not fit', async () => {
    const outcome = await weir('init', join(folder, 'out'), '--from', join(ROOT, 'examples/hello/data/orders.csv'));
    expect(outcome.stdout).toContain('1 of the values of amount is not of type decimal');
    expect(readFileSync(join(folder, 'out/contract.odcs.yaml'), 'utf8')).toContain('physicalType: decimal(12,2)');
    await expectRight(join(folder, 'out'));
  });

  test('takes a day in the name of a file for one file per day', async () => {
    const file = csv('sales/2024-02-29.csv', 'a,b', '1,x', '2,y');
    const outcome = await weir('init', join(folder, 'out'), '--from', file);
    const pipeline = readFileSync(join(folder, 'out/pipeline.yaml'), 'utf8');
    expect(pipeline).toContain('grain: 1d\nsource:\n  dataset: sales\n  type: file\n  path: ../sales/{date}.csv');
    expect(outcome.stdout).toContain('weir run out --interval 2024-02-29/2024-03-01 --watch');
    await expectRight(join(folder, 'out'));
  });

  test.each(['orders.ndjson', 'orders.json', 'orders.parquet', 'orders.csv.gz'])('says what reads %s', async (name) => {
    const file = csv(name, 'x');
    expect(await weir('init', join(folder, 'out'), '--from', file)).toMatchObject({ code: 2, stderr: expect.stringContaining(`weir sources discover --file ${file}`) as string });
  });

  // Headers and names that would break SQL, YAML or paths if they were taken as they are.
  test.each([
    ['order.csv', 'select,group,from,when', '1,2,3,4'],
    ['my "file" #1.csv', '"a ""b"" #c",: x,- y,"d, e"', '1,2,3,4'],
    ['gold.csv', 'Größe,Größe2,表,_weir_row_id', 'x,y,z,w'],
    ['2024.csv', '1st,a b,a-b,A B', '1,2,3,4'],
    ['empty.csv', 'a,b', ''],
    ['bom.csv', '\ufeffa,b', '1,2'],
    ['long.csv', `${'x'.repeat(300)},b`, '1,2'],
    ['true.csv', 'true,null,yes', 'a,b,c'],
  ])('makes a right pipeline of %j with the header %j', async (name, header, row) => {
    const file = csv(name, header, row, row);
    expect(await weir('init', join(folder, 'out'), '--from', file)).toMatchObject({ code: 0, stderr: '' });
    await expectRight(join(folder, 'out'));
  });

  test.each([
    ['nowhere.csv', undefined, 'SOURCE_MISSING'],
    ['twice.csv', 'a,a\n1,2', 'HEADER_MISMATCH'],
    ['empty.csv', '', 'FILE_MALFORMED'],
    ['binary.csv', 'a\0b', 'FILE_MALFORMED'],
    ['glob*.csv', 'a\n1', 'INVALID_VALUE'],
  ])('refuses %j clearly and writes nothing', async (name, text, code) => {
    const file = text === undefined ? join(folder, name) : csv(name, text);
    const outcome = await weir('init', join(folder, 'out'), '--from', file, '--json');
    expect(JSON.parse(outcome.stdout)).toMatchObject({ error: { code } });
    expect(outcome.code).not.toBe(0);
    expect(readdirSync(folder)).not.toContain('out');
  });

  test.each(['gold', 'true', 'My-Shop', '_weir_x', '../x'])('refuses the pipeline name %j', async (name) => {
    expect(await weir('init', join(folder, 'out'), '--name', name)).toMatchObject({ code: 2 });
  });
});

describe('weir check', () => {
  test('prints problems as the design has them and ends with 2', async () => {
    await weir('init', join(folder, 'p'));
    const file = join(folder, 'p/pipeline.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('destinations', 'destinaton'));
    const outcome = await weir('check', join(folder, 'p'));
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(`UNKNOWN_KEY  ${folder}/p/pipeline.yaml:5:1\n  \`destinaton\` is not a key of a pipeline.\n  Fix: did you mean \`destinations\`?\n`);
    expect(outcome.stderr).toMatch(/\n2 problems\n$/);
    const json = await weir('check', join(folder, 'p'), '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ problems: [{ code: 'MISSING_KEY' }, { code: 'UNKNOWN_KEY', place: `${folder}/p/pipeline.yaml:5:1` }] });
  });

  test('summarises a pipeline that is right', async () => {
    const outcome = await weir('check', join(ROOT, 'examples/hello'));
    expect(outcome.stdout).toContain('gold.revenue_by_country');
    const json = await weir('check', join(ROOT, 'examples/hello'), '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ pipeline: 'hello', grain: null, models: [{ name: 'gold.revenue_by_country', over: 'history', inputs: ['bronze.orders'], key: ['country'], writeMode: 'upsert' }], destinations: ['warehouse.hello'], warnings: [] });
  });

  test('says that a folder is not there', async () => {
    expect(await weir('check', join(folder, 'nowhere'))).toMatchObject({ code: 2, stderr: expect.stringContaining('MISSING_FILE') as string });
  });
});

describe('weir apply', () => {
  test('checks here before it asks the platform', async () => {
    csv('p/pipeline.yaml', 'name: x');
    expect(await weir('apply', join(folder, 'p'))).toMatchObject({ code: 2, stderr: expect.stringContaining('MISSING_KEY') as string });
  });

  test('ends with 3 when no platform runs', async () => {
    const home = process.env['WEIR_HOME'];
    process.env['WEIR_HOME'] = folder;
    try {
      expect(await weir('apply', join(ROOT, 'examples/hello'))).toMatchObject({ code: 3, stderr: expect.stringContaining('PLATFORM_DOWN') as string });
    } finally {
      if (home === undefined) delete process.env['WEIR_HOME'];
      else process.env['WEIR_HOME'] = home;
    }
  });

  test('shows changes as lines, long texts by what differs', () => {
    // eslint-disable-next-line no-control-regex
    const plain = (lines: string[]) => lines.map((line) => line.replace(/\u001b\[\d+m/g, ''));
    expect(plain(apply.changeLines({ kind: 'added', subject: 'model gold.x', before: '', after: 'over interval' }))).toEqual(['  + model gold.x  over interval']);
    expect(plain(apply.changeLines({ kind: 'removed', subject: 'model gold.x', before: '', after: '' }))).toEqual(['  - model gold.x']);
    expect(plain(apply.changeLines({ kind: 'changed', subject: 'retries', before: '2', after: '3' }))).toEqual(['  ~ retries  2 → 3']);
    expect(plain(apply.changeLines({ kind: 'changed', subject: 'model gold.x sql', before: 'select a\nfrom b', after: 'select c\nfrom b' }))).toEqual(['  ~ model gold.x sql', '      - select a', '      + select c']);
  });
});
