import { type AppliedPipelines, ColumnReaders, type Definition, type DefinitionFile, compileDefinition } from '@weir/core';
import { inspector } from '@weir/engine';

function folder(name: string, models: Readonly<Record<string, string>>): DefinitionFile[] {
  return [
    { path: 'pipeline.yaml', text: `name: ${name}\nsource: { dataset: orders, type: file, path: data/*.csv }\ndestinations: [{ connection: warehouse, schema: ${name} }]\n` },
    { path: 'contract.odcs.yaml', text: `apiVersion: v3.1.0\nkind: DataContract\nid: ${name}\nversion: 1.0.0\nstatus: active\nschema:\n  - name: orders\n    properties:\n      - { name: id, logicalType: integer }\n      - { name: customer, logicalType: string }\n      - { name: amount, logicalType: number }\n` },
    ...Object.entries(models).map(([path, text]) => ({ path: `models/${path}.sql`, text })),
  ];
}

/** Compiles folders one after the other, so that each may read those before it. */
async function compiled(...folders: readonly (readonly DefinitionFile[])[]): Promise<Definition[]> {
  const definitions: Definition[] = [];
  const applied: AppliedPipelines = { newest: (pipeline) => Promise.resolve(definitions.find(({ name }) => name === pipeline)), names: () => Promise.resolve(definitions.map(({ name }) => name)) };
  for (const files of folders) {
    const outcome = await compileDefinition(files, '/p', inspector, applied);
    if ('problems' in outcome) throw new Error(outcome.problems.map((problem) => `${problem.place} ${problem.message}`).join('\n'));
    definitions.push(outcome.definition);
  }
  return definitions;
}

const SHOP = folder('shop', {
  'silver/lines': 'select id, customer,\n  amount * 2 as twice\nfrom bronze.orders',
  'gold/customers': 'select customer, count(*) as orders from silver.lines group by customer',
  'gold/totals': 'select sum(twice) as total from silver.lines where id > 0',
});
const REPORT = folder('report', { 'gold/copy': 'select * from shop.lines', 'gold/big': 'select customer as who from gold.copy where twice > 10', 'gold/own': 'select amount from bronze.orders' });
const BOARD = folder('board', { 'gold/view': 'select who from report.big' });

/** Readers as `pipeline model place`, of a column of bronze.orders of shop. */
async function readersOf(definitions: readonly Definition[], column: string): Promise<string[]> {
  const readers = await new ColumnReaders(definitions.map((definition, index) => ({ definition, version: index + 1 })), inspector).of('shop', 'bronze.orders', column);
  return readers.map(({ pipeline, version, model, place, column: read }) => `${pipeline} ${version} ${model} ${place} ${read}`);
}

test('readers are followed through what models make of a column, into other pipelines', async () => {
  const all = await compiled(SHOP, REPORT, BOARD);
  expect(await readersOf(all, 'amount')).toEqual([
    'shop 1 silver.lines models/silver/lines.sql:2:3 bronze.orders.amount',
    'shop 1 gold.totals models/gold/totals.sql:1:12 silver.lines.twice',
    'report 2 gold.copy models/gold/copy.sql:1:8 shop.lines.twice',
    'report 2 gold.big models/gold/big.sql:1:45 gold.copy.twice',
  ]);
  expect(await readersOf(all, 'customer')).toEqual([
    'shop 1 silver.lines models/silver/lines.sql:1:12 bronze.orders.customer',
    'shop 1 gold.customers models/gold/customers.sql:1:8 silver.lines.customer',
    'report 2 gold.copy models/gold/copy.sql:1:8 shop.lines.customer',
    'report 2 gold.big models/gold/big.sql:1:8 gold.copy.customer',
    'board 3 gold.view models/gold/view.sql:1:8 report.big.who',
  ]);
});

test('nobody reads what no model names; another pipeline of its own datasets is no reader', async () => {
  const [shop, report] = await compiled(folder('shop', { 'gold/ids': 'select id from bronze.orders' }), folder('report', { 'gold/own': 'select amount from bronze.orders' }));
  if (!shop || !report) throw new Error('Two folders compile.');
  expect(await readersOf([shop, report], 'amount')).toEqual([]);
});

test('a definition that is not stored goes before the one that is, and both count', async () => {
  const [before, after] = [...(await compiled(SHOP)), ...(await compiled(folder('shop', { 'silver/lines': 'select amount as worth from bronze.orders' })))];
  if (!before || !after) throw new Error('Two folders compile.');
  const readers = await new ColumnReaders([{ definition: after }, { definition: before, version: 4 }], inspector).of('shop', 'bronze.orders', 'amount');
  expect(readers.map(({ version, model, place }) => [version, model, place])).toEqual([
    [undefined, 'silver.lines', 'models/silver/lines.sql:1:8'],
    [4, 'gold.totals', 'models/gold/totals.sql:1:12'],
  ]);
});

test('models of other pipelines lose what the new definition does not give any more, and only that', async () => {
  const [stored, report] = await compiled(SHOP, REPORT);
  const [given] = await compiled(folder('shop', { 'silver/lines': 'select customer, 0::double as twice from bronze.orders', 'gold/totals': 'select 0::double as total from silver.lines' }));
  if (!stored || !report || !given) throw new Error('Three folders compile.');
  const readers = new ColumnReaders([{ definition: given }, { definition: stored, version: 1 }, { definition: report, version: 1 }], inspector);
  const lost = async (column: string) => (await readers.of('shop', 'bronze.orders', column)).map((reader) => `${reader.pipeline} ${reader.model}${reader.lost ? ' lost' : ''}`);
  expect(await lost('id')).toEqual(['shop silver.lines', 'shop gold.totals', 'report gold.copy lost']);
  expect(await lost('amount')).toEqual(['shop silver.lines', 'shop gold.totals', 'report gold.copy', 'report gold.big']);
});
