import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type AppliedPipelines, type DefinitionFile, compileDefinition } from '@weir/core';
import { inspector } from '@weir/engine';
import { CONTRACT, PIPELINE } from '../testing/shop';
import { checkFolder } from './check-folder';

const EXAMPLES = resolve(__dirname, '../../../../examples');

const LINES = 'select id, country, amount, placed_at from bronze.orders where amount is not null';
const BY_COUNTRY = 'select country, count(*) as orders, sum(amount) as revenue from silver.lines group by country';

/** A folder that is right; each test spoils one thing of it. Undefined takes a file away. */
function folder(changes: Readonly<Record<string, string | undefined>> = {}): DefinitionFile[] {
  const files: Record<string, string | undefined> = {
    'pipeline.yaml': PIPELINE,
    'contract.odcs.yaml': CONTRACT,
    'models/silver/lines.sql': LINES,
    'models/gold/by_country.sql': BY_COUNTRY,
    ...changes,
  };
  return Object.entries(files).flatMap(([path, text]) => (text === undefined ? [] : [{ path, text }]));
}

const NO_OTHERS: AppliedPipelines = { newest: () => Promise.resolve(undefined), names: () => Promise.resolve([]) };

async function problemsOf(changes: Readonly<Record<string, string | undefined>>) {
  const outcome = await compileDefinition(folder(changes), '/p', inspector, NO_OTHERS);
  return 'problems' in outcome ? outcome.problems : [];
}

async function definitionOf(changes: Readonly<Record<string, string | undefined>> = {}) {
  const outcome = await compileDefinition(folder(changes), '/p', inspector, NO_OTHERS);
  if ('problems' in outcome) throw new Error(outcome.problems.map((problem) => `${problem.place} ${problem.message}`).join('\n'));
  return outcome;
}

const withModel = (settings: string) => PIPELINE.replace('by_country: { key: [country] }', settings);
const GOLD = 'models/gold/by_country.sql';

describe('a definition that is right', () => {
  test('is compiled in dependency order, with scopes, keys, write modes and columns', async () => {
    const { definition, warnings } = await definitionOf();
    expect(warnings).toEqual([]);
    expect(definition.models).toMatchObject([
      { name: 'lines', zone: 'silver', scope: 'row', inputs: ['bronze.orders'], key: [], writeMode: 'append', columns: [{ name: 'id', type: 'BIGINT' }, { name: 'country', type: 'VARCHAR' }, { name: 'amount', type: 'DECIMAL(12,2)' }, { name: 'placed_at', type: 'TIMESTAMP' }] },
      { name: 'by_country', zone: 'gold', scope: 'interval', inputs: ['silver.lines'], key: ['country'], writeMode: 'upsert', columns: [{ name: 'country', type: 'VARCHAR' }, { name: 'orders', type: 'BIGINT' }, { name: 'revenue', type: 'DECIMAL(38,2)' }] },
    ]);
    expect(definition.source).toMatchObject({ path: '/p/data/*.csv' });
    expect(definition.contract.datasets[0]?.columns.map((column) => column.required)).toEqual([true, true, false, false, false]);
  });

  test('is frozen all the way down and survives JSON', async () => {
    const { definition } = await definitionOf();
    expect(() => Object.assign(definition.models[0]?.columns[0] ?? {}, { name: 'x' })).toThrow(TypeError);
    const stored = JSON.parse(JSON.stringify(definition)) as unknown;
    expect(JSON.parse(JSON.stringify(stored))).toEqual(stored);
  });

  test('maps 128-bit sums to decimals, and warns of sums of floats', async () => {
    const { definition, warnings } = await definitionOf({ [GOLD]: 'select country, sum(id) as ids, sum(weight) as weight from bronze.orders group by country' });
    expect(definition.models.find((model) => model.name === 'by_country')?.columns).toEqual([{ name: 'country', type: 'VARCHAR' }, { name: 'ids', type: 'DECIMAL(38,0)' }, { name: 'weight', type: 'DOUBLE' }]);
    expect(warnings).toEqual([expect.stringContaining('models/gold/by_country.sql: `weight` is DOUBLE')]);
  });

  test('may read the identity of its rows, and history over history', async () => {
    const { definition } = await definitionOf({
      'pipeline.yaml': withModel('by_country: { key: [country], over: history }\n  top: { over: history }'),
      'models/silver/lines.sql': 'select _weir_row_id as line_id, country, amount from bronze.orders',
      'models/gold/top.sql': 'select country from gold.by_country where revenue > 10',
    });
    expect(definition.models.map((model) => [model.name, model.scope])).toEqual([['lines', 'row'], ['by_country', 'history'], ['top', 'history']]);
  });

  test('carries its schedule and what goes with it, and warns of what the schedule leaves out', async () => {
    const settings = 'grain: 1h\nschedule: "5 6 * * *"\nlookback: 2h\napproval: warning\nretention: { bronze: 30d }\n';
    const { definition, warnings } = await definitionOf({ 'pipeline.yaml': `${PIPELINE.replace('data/*.csv', '"data/{hour}.csv"')}${settings}` });
    expect(definition).toMatchObject({ mode: 'batch', grain: '1h', schedule: { cron: '5 6 * * *', timezone: 'UTC', maxActiveRuns: 1 }, lookbackGrains: 2, approval: 'warning', retention: { raw: 7_776_000_000, bronze: 2_592_000_000 }, upstream: [] });
    expect(warnings).toEqual([expect.stringMatching(/^pipeline\.yaml: each scheduled run takes 3 intervals of 1h.*up to 21 of 24 stay missing/)]);
    const unkeyed = await problemsOf({ 'pipeline.yaml': `${PIPELINE.replace('data/*.csv', '"data/{hour}.csv"')}${settings}`, 'contract.odcs.yaml': CONTRACT.replace(', primaryKey: true', '') });
    expect(unkeyed).toEqual([expect.objectContaining({ code: 'MISSING_KEY', place: 'pipeline.yaml:9:11', message: '`lookback` needs a primary key, and the contract gives `orders` none.' })]);
  });

  test('is over an interval where its input is not over rows, even if its own SQL would do', async () => {
    const { definition } = await definitionOf({ 'models/gold/big.sql': 'select country from gold.by_country where revenue > 10' });
    expect(definition.models.find((model) => model.name === 'big')?.scope).toBe('interval');
  });

  test('makes checks of what a contract says about a model', async () => {
    const { definition } = await definitionOf({
      'contract.odcs.yaml': `${CONTRACT}  - name: by_country
    properties:
      - name: country
        required: true
      - { name: revenue, logicalType: number, logicalTypeOptions: { minimum: 0 } }
    quality:
      - { metric: rowCount, mustBeGreaterThan: 0 }
      - { type: sql, query: "select count(*) from \${object} where revenue is null", mustBe: 0 }
`,
    });
    const entry = definition.contract.datasets[1];
    expect(entry?.columns.map((column) => [column.name, column.type])).toEqual([['country', 'VARCHAR'], ['revenue', 'DECIMAL(38,2)']]);
    expect(entry?.rules).toEqual([]);
    expect(entry?.checks.map((check) => [check.id, check.measure.kind, check.severity])).toEqual([
      ['by_country.country.required', 'nullShare', 'critical'],
      ['by_country.minimum:revenue', 'row', 'critical'],
      ['by_country.rowCount', 'count', 'critical'],
      ['by_country.sql', 'sql', 'critical'],
    ]);
  });
});

describe('a definition that is wrong', () => {
  // Each line: what is wrong, how the right folder is spoilt, and the codes with their places.
  test.each<[string, Record<string, string | undefined>, string[]]>([
    ['no pipeline', { 'pipeline.yaml': undefined }, ['MISSING_FILE pipeline.yaml']],
    ['no contract', { 'contract.odcs.yaml': undefined }, ['MISSING_FILE contract.odcs.yaml']],
    ['no models', { 'models/silver/lines.sql': undefined, [GOLD]: undefined, 'pipeline.yaml': PIPELINE.replace('models:\n  by_country: { key: [country] }\n', '') }, ['MISSING_FILE models']],
    ['a model without a file', { 'pipeline.yaml': withModel('by_country: { key: [country] }\n  by_contry: {}') }, ['MISSING_FILE pipeline.yaml:5:3']],
    ['a model in no zone', { 'models/bronze/x.sql': 'select 1 as a' }, ['INVALID_VALUE models/bronze/x.sql:1:1']],
    ['a model too deep', { 'models/gold/a/b.sql': 'select 1 as a' }, ['INVALID_VALUE models/gold/a/b.sql:1:1']],
    ['a model in no folder', { 'models/b.sql': 'select 1 as a' }, ['INVALID_VALUE models/b.sql:1:1']],
    ['a model name in capitals', { 'models/gold/Top.sql': 'select country from bronze.orders' }, ['INVALID_VALUE models/gold/Top.sql:1:1']],
    ['a reserved model name', { 'models/gold/_weir_x.sql': 'select country from bronze.orders' }, ['INVALID_VALUE models/gold/_weir_x.sql:1:1']],
    ['two models of one name', { 'models/gold/lines.sql': 'select country from bronze.orders' }, ['INVALID_VALUE models/silver/lines.sql:1:1']],
    ['a model named like the source', { 'models/silver/orders.sql': 'select country from bronze.orders' }, ['INVALID_VALUE models/silver/orders.sql:1:1']],
    ['a header of records, of a file', { 'contract.odcs.yaml': CONTRACT.replace('name: weight,', 'name: weight, physicalName: $headers.weight,') }, ['INVALID_VALUE contract.odcs.yaml:12:39']],
    ['SQL that does not parse', { [GOLD]: 'select country\nfrm silver.lines' }, ['INVALID_SQL models/gold/by_country.sql:2:5']],
    ['SQL that is no SELECT', { [GOLD]: 'drop table silver.lines' }, ['FORBIDDEN_SQL models/gold/by_country.sql:1:1']],
    ['two statements', { [GOLD]: `${BY_COUNTRY}; select 1` }, ['FORBIDDEN_SQL models/gold/by_country.sql:1:1']],
    ['a file', { [GOLD]: "select * from read_csv('/etc/passwd')" }, ['FORBIDDEN_SQL models/gold/by_country.sql:1:15']],
    ['the clock', { [GOLD]: 'select country, now() as read_at from silver.lines' }, ['FORBIDDEN_SQL models/gold/by_country.sql:1:17']],
    ['an unknown column', { [GOLD]: 'select country, revenu from silver.lines' }, ['INVALID_SQL models/gold/by_country.sql:1:17']],
    ['an unknown dataset', { [GOLD]: '-- silver.lin\nselect country from silver.lin' }, ['UNKNOWN_DATASET models/gold/by_country.sql:2:21']],
    ['a dataset without its zone', { [GOLD]: 'select country from orders' }, ['UNKNOWN_DATASET models/gold/by_country.sql:1:21']],
    ['the raw zone', { [GOLD]: 'select country from raw.orders' }, ['UNKNOWN_DATASET models/gold/by_country.sql:1:21']],
    ['a model that reads itself', { [GOLD]: 'select country from gold.by_country' }, ['MODEL_CYCLE models/gold/by_country.sql:1:21']],
    ['models in a circle', { 'models/silver/lines.sql': 'select country from gold.by_country' }, [`MODEL_CYCLE models/gold/by_country.sql:1:${BY_COUNTRY.indexOf('silver.lines') + 1}`]],
    ['over: row with an aggregate', { 'pipeline.yaml': withModel('by_country: { key: [country], over: row }') }, ['INVALID_VALUE pipeline.yaml:4:39']],
    ['an interval over history', { 'pipeline.yaml': withModel('by_country: { key: [country], over: history }'), 'models/gold/top.sql': 'select country from gold.by_country' }, ['INVALID_VALUE models/gold/top.sql:1:21']],
    ['a key that is no column', { 'pipeline.yaml': withModel('by_country: { key: [contry] }') }, ['INVALID_VALUE pipeline.yaml:4:23']],
    ['a sequence that is no column', { 'pipeline.yaml': withModel('by_country: { key: [country], sequence: placed_at }') }, ['INVALID_VALUE pipeline.yaml:4:43']],
    ['a sequence without a key', { 'pipeline.yaml': withModel('by_country: { sequence: orders }') }, ['MISSING_KEY pipeline.yaml:4:27']],
    ['versions of nothing', { 'pipeline.yaml': withModel('by_country: { writeMode: scd2 }') }, ['MISSING_KEY pipeline.yaml:4:28']],
    ['versions since nobody knows when', { 'pipeline.yaml': withModel('by_country: { key: [country], writeMode: scd2 }') }, ['MISSING_KEY pipeline.yaml:4:44']],
    ['versions by a number', { 'pipeline.yaml': withModel('by_country: { key: [country], sequence: orders, writeMode: scd2 }') }, ['INVALID_VALUE pipeline.yaml:4:62']],
    ['versions with a column of theirs', { 'pipeline.yaml': withModel('by_country: { key: [country], sequence: since, writeMode: scd2 }'), [GOLD]: 'select country, min(placed_at) as since, true as is_current from silver.lines group by country' }, ['INVALID_VALUE pipeline.yaml:4:61']],
    ['upsert without a key', { 'pipeline.yaml': withModel('by_country: { writeMode: upsert }') }, ['MISSING_KEY pipeline.yaml:4:28']],
    ['a column without a name', { [GOLD]: 'select country, count(*) from silver.lines group by country' }, ['INVALID_VALUE models/gold/by_country.sql:1:1']],
    ['a reserved column', { [GOLD]: 'select country, 1 as _weir_x from silver.lines' }, ['INVALID_SQL models/gold/by_country.sql:1:17']],
    ['a list', { [GOLD]: 'select country, list(id) as ids from silver.lines group by country' }, ['INVALID_VALUE models/gold/by_country.sql:1:1']],
    ['a time with a zone', { [GOLD]: "select country, max(placed_at) at time zone 'UTC' as last_at from silver.lines group by country" }, ['INVALID_VALUE models/gold/by_country.sql:1:1']],
    ['no source in the contract', { 'contract.odcs.yaml': CONTRACT.replace('name: orders', 'name: order') }, ['UNKNOWN_DATASET contract.odcs.yaml:7:11', 'UNKNOWN_DATASET pipeline.yaml:2:20']],
    ['a contract of nothing', { 'contract.odcs.yaml': `${CONTRACT}  - name: by_contry\n` }, ['UNKNOWN_DATASET contract.odcs.yaml:14:11']],
    ['a contract of a column that no model has', { 'contract.odcs.yaml': `${CONTRACT}  - name: by_country\n    properties: [{ name: contry }]\n` }, ['INVALID_VALUE contract.odcs.yaml:15:26']],
    ['a contract of another type', { 'contract.odcs.yaml': `${CONTRACT}  - name: by_country\n    properties: [{ name: country, logicalType: date }]\n` }, ['INVALID_VALUE contract.odcs.yaml:15:18']],
  ])('%s is refused at its place', async (_what, changes, expected) => {
    expect((await problemsOf(changes)).map((problem) => `${problem.code} ${problem.place}`)).toEqual(expected);
  });

  test.each([
    ['a number', '1', 'INVALID_VALUE', 'must be true or false'],
    ['an unknown column', 'amunt > 0', 'INVALID_SQL', 'amunt'],
    ['an aggregate', 'sum(amount) > 0', 'FORBIDDEN_SQL', 'columns of its row only'],
    ['a sub-select', 'id in (select id from bronze.orders)', 'FORBIDDEN_SQL', 'columns of its row only'],
    ['brackets that close those around it', 'true) or (false', 'INVALID_SQL', ''],
    ['a second column', 'true), (false', 'INVALID_SQL', ''],
    ['an end of its own', 'true) as x from bronze.orders --', 'INVALID_SQL', ''],
    ['a comment that hides what follows', 'amount > 0 -- good', 'INVALID_SQL', ''],
    ['the clock', 'placed_at < now()', 'FORBIDDEN_SQL', 'now'],
    ['a file', "id in (select 1 from read_csv('x'))", 'FORBIDDEN_SQL', ''],
  ])('a row rule with %s is refused', async (_what, predicate, code, message) => {
    const rule = `    quality:\n      - { type: custom, engine: weir, name: r, implementation: { row: ${JSON.stringify(predicate)} } }\n`;
    const problems = await problemsOf({ 'contract.odcs.yaml': CONTRACT + rule });
    expect(problems).toEqual([expect.objectContaining({ code, place: 'contract.odcs.yaml:15:71', message: expect.stringContaining(message) as string })]);
  });

  test.each([
    ['text', 'select max(country) from ${object}', 'INVALID_VALUE'],
    ['two numbers', 'select 1, 2 from ${object}', 'INVALID_VALUE'],
    ['another dataset', 'select count(*) from silver.lines', 'UNKNOWN_DATASET'],
    ['nothing', 'select 1', 'INVALID_VALUE'],
    ['no SELECT', 'delete from ${object}', 'FORBIDDEN_SQL'],
    ['a comment that hides what follows', 'select count(*) from ${object} -- all', 'INVALID_SQL'],
  ])('a check whose query gives or reads %s is refused', async (_what, query, code) => {
    const check = `    quality:\n      - { type: sql, query: ${JSON.stringify(query)}, mustBe: 0 }\n`;
    expect(await problemsOf({ 'contract.odcs.yaml': CONTRACT + check })).toEqual([expect.objectContaining({ code, place: 'contract.odcs.yaml:15:29' })]);
  });

  test('shows everything that is wrong at once, in the order of the files', async () => {
    const problems = await problemsOf({
      'pipeline.yaml': `${withModel('by_country: { key: [contry] }')}retrys: 1\n`,
      'contract.odcs.yaml': CONTRACT.replace('logicalType: timestamp', 'logicalType: timestmp').replace('- { name: placed_at', '- { name: when_it_was'),
      'models/silver/lines.sql': 'select from',
    });
    expect(problems.map((problem) => `${problem.code} ${problem.place.split(':')[0]}`)).toEqual(['INVALID_VALUE contract.odcs.yaml', 'INVALID_SQL models/silver/lines.sql', 'UNKNOWN_KEY pipeline.yaml']);
  });

  test('says which dataset was meant', async () => {
    const fixes = await Promise.all(['select country from orders', 'select country from silver.line', 'select country from gold.wibble'].map(async (sql) => (await problemsOf({ [GOLD]: sql }))[0]?.fix));
    expect(fixes).toEqual(['did you mean `bronze.orders`?', 'did you mean `silver.lines`?', 'use one of `bronze.orders`, `silver.lines`.']);
  });

  test('suggests the cast that a column needs', async () => {
    const [list] = await problemsOf({ [GOLD]: 'select country, list(id) as ids from silver.lines group by country' });
    expect(list).toMatchObject({ message: 'The column `ids` is BIGINT[], which tables cannot have.', fix: 'Cast it: to_json(ids)::varchar as ids.' });
  });
});

describe('a definition folder', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'weir-check-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (files: readonly DefinitionFile[]) => {
    for (const { path, text } of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  };

  test.each(['hello', 'retail'])('examples/%s is right', async (example) => {
    const outcome = await checkFolder(join(EXAMPLES, example), {});
    expect(outcome).toMatchObject({ definition: { name: example }, warnings: [] });
  });

  test('takes its environment from the caller and shows what it took', async () => {
    write(folder({ 'pipeline.yaml': PIPELINE.replace('path: data/*.csv', "path: '${env:SHOP_DATA:-data}/*.csv'") }));
    expect(await checkFolder(root, { SHOP_DATA: '/srv/shop' })).toMatchObject({ definition: { source: { path: '/srv/shop/*.csv' } }, used: [{ name: 'SHOP_DATA', value: '/srv/shop' }] });
    expect(await checkFolder(root, {})).toMatchObject({ definition: { source: { path: `${root}/data/*.csv` } } });
  });

  test('names files below itself as it was given', async () => {
    write(folder({ 'pipeline.yaml': `${PIPELINE}retrys: 1\n` }));
    expect(await checkFolder(root, {})).toMatchObject({ problems: [{ code: 'UNKNOWN_KEY', place: `${root}/pipeline.yaml:7:1`, fix: 'did you mean `retries`?' }] });
  });

  test('that does not exist is missing', async () => {
    await expect(checkFolder(join(root, 'nowhere'), {})).rejects.toMatchObject({ code: 'MISSING_FILE' });
  });

  test('with other YAML names is told to rename them', async () => {
    write(folder({ 'pipeline.yaml': undefined, 'pipeline.yml': PIPELINE }));
    expect(await checkFolder(root, {})).toMatchObject({ problems: [{ code: 'MISSING_FILE', fix: 'Rename pipeline.yml to pipeline.yaml.' }] });
  });
});
