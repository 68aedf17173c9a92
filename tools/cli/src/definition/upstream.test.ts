import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type AppliedPipelines, type Definition, type DefinitionFile, WeirError, compileDefinition } from '@weir/core';
import { inspector } from '@weir/engine';
import { DefinitionServiceService, serve, unary, type DefinitionServiceServer, type GetDefinitionRequest, type GetDefinitionResponse } from '@weir/rpc';
import { checkFolder } from './check-folder';
import { platformPipelines } from './platform-pipelines';

/** A pipeline's folder with these models, all over orders of one shape. */
function folder(name: string, models: Readonly<Record<string, string>>, pipeline = ''): DefinitionFile[] {
  return [
    { path: 'pipeline.yaml', text: `name: ${name}\nsource: { dataset: orders, type: file, path: "data/{date}.csv" }\ndestinations: [{ connection: warehouse, schema: ${name} }]\n${pipeline || 'grain: 1d\n'}` },
    {
      path: 'contract.odcs.yaml',
      text: `apiVersion: v3.1.0
kind: DataContract
id: ${name}
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - { name: id, logicalType: integer }
      - { name: customer, logicalType: string }
      - { name: amount, logicalType: number, physicalType: "decimal(12,2)" }
`,
    },
    ...Object.entries(models).map(([path, text]) => ({ path: `models/${path}.sql`, text })),
  ];
}

/** Pipelines that were applied, in memory: what the platform would answer. */
class Applied implements AppliedPipelines {
  private readonly definitions = new Map<string, Definition>();

  newest(pipeline: string): Promise<Definition | undefined> {
    return Promise.resolve(this.definitions.get(pipeline));
  }

  names(): Promise<readonly string[]> {
    return Promise.resolve([...this.definitions.keys()]);
  }

  /** Compiles a folder beside what is there, and keeps it. */
  async apply(files: readonly DefinitionFile[]): Promise<Definition> {
    const outcome = await compileDefinition(files, '/p', inspector, this);
    if ('problems' in outcome) throw new Error(outcome.problems.map((problem) => `${problem.place} ${problem.message}`).join('\n'));
    this.definitions.set(outcome.definition.name, outcome.definition);
    return outcome.definition;
  }

  async refuses(files: readonly DefinitionFile[]): Promise<{ code: string; place: string; message: string; fix?: string | undefined }[]> {
    const outcome = await compileDefinition(files, '/p', inspector, this);
    return 'problems' in outcome ? outcome.problems : [];
  }
}

const SHOP = {
  'silver/customers': 'select customer as name, id as code, amount from bronze.orders',
  'gold/by_customer': 'select customer, count(*) as orders from bronze.orders group by customer',
  'gold/ever': 'select customer, sum(amount) as spent from bronze.orders group by customer',
};
const SHOP_YAML = 'grain: 1d\nmodels: { ever: { over: history } }\n';

let applied: Applied;
beforeEach(async () => {
  applied = new Applied();
  await applied.apply(folder('shop', SHOP, SHOP_YAML));
});

describe('a model that reads another pipeline', () => {
  const report = { 'gold/spending': 'select o.id, c.code, e.spent from bronze.orders o left join shop.customers c on o.customer = c.name left join shop.ever e on e.customer = o.customer' };

  test('is bound to the columns there, and the definition says what it reads, and how', async () => {
    const { models, upstream } = await applied.apply(folder('report', report));
    expect(models).toMatchObject([{ name: 'spending', scope: 'interval', inputs: ['bronze.orders', 'shop.customers', 'shop.ever'] }]);
    expect(models[0]?.columns).toEqual([{ name: 'id', type: 'BIGINT' }, { name: 'code', type: 'BIGINT' }, { name: 'spent', type: 'DECIMAL(38,2)' }]);
    expect(upstream).toEqual([
      { pipeline: 'shop', dataset: 'silver.customers', reference: 'shop.customers', byInterval: true, columns: [{ name: 'name', type: 'VARCHAR' }, { name: 'code', type: 'BIGINT' }, { name: 'amount', type: 'DECIMAL(12,2)' }] },
      { pipeline: 'shop', dataset: 'gold.ever', reference: 'shop.ever', byInterval: false, columns: [{ name: 'customer', type: 'VARCHAR' }, { name: 'spent', type: 'DECIMAL(38,2)' }] },
    ]);
  });

  test.each([
    ['another grain', 'grain: 1h\n'],
    ['no grain', 'models: {}\n'],
  ])('sees all of it when its own pipeline has %s', async (_what, yaml) => {
    const files = folder('report', report, yaml).map((file) => ({ ...file, text: file.text.replace('{date}', yaml.includes('1h') ? '{hour}' : '*') }));
    expect((await applied.apply(files)).upstream.map(({ reference, byInterval }) => [reference, byInterval])).toEqual([['shop.customers', false], ['shop.ever', false]]);
  });

  test('is over an interval where its SQL alone would be over rows, and so is what reads it', async () => {
    const { models } = await applied.apply(folder('report', { 'silver/codes': 'select code from shop.customers', 'gold/codes_again': 'select code from silver.codes', 'gold/own': 'select id from bronze.orders' }));
    expect(models.map(({ name, scope }) => [name, scope])).toEqual([['codes', 'interval'], ['codes_again', 'interval'], ['own', 'row']]);
  });

  test('sees the columns that are there when it is applied again', async () => {
    const files = folder('report', { 'gold/copy': 'select * from shop.customers' });
    expect((await applied.apply(files)).models[0]?.columns.map(({ name }) => name)).toEqual(['name', 'code', 'amount']);
    await applied.apply(folder('shop', { ...SHOP, 'silver/customers': 'select customer as name, amount::double as amount, true as active from bronze.orders' }, SHOP_YAML));
    const again = await applied.apply(files);
    expect(again.models[0]?.columns).toEqual([{ name: 'name', type: 'VARCHAR' }, { name: 'amount', type: 'DOUBLE' }, { name: 'active', type: 'BOOLEAN' }]);
    expect(again.upstream[0]?.columns).toEqual(again.models[0]?.columns);
  });

  test('may name its own table and the one of the other pipeline alike, by aliases', async () => {
    const models = { 'silver/customers': 'select customer as name from bronze.orders', 'gold/both': 'select silver.customers.name, c.code from silver.customers join shop.customers c on c.name = customers.name' };
    expect((await applied.apply(folder('report', models))).models.map(({ name }) => name)).toEqual(['customers', 'both']);
    const [problem] = await applied.refuses(folder('report', { ...models, 'gold/both': models['gold/both'].replace(' c on c.', ' on shop.customers.').replace('c.code', 'shop.customers.code') }));
    expect(problem).toMatchObject({ code: 'INVALID_SQL', place: 'models/gold/both.sql:1:78', message: expect.stringContaining('shop.customers as other_customers') as string });
  });
});

describe('a model that reads what is not there of another pipeline', () => {
  // Each line: what is wrong, the model, and code, place, message and fix.
  test.each<[string, string, string[]]>([
    ['an unknown pipeline', 'select name\nfrom shp.customers', ['UNKNOWN_DATASET', '2:6', 'There is no dataset `shp.customers`: no pipeline `shp` was applied.', 'did you mean `shop.customers`?']],
    ['a zone spelt wrong', 'select id from bonze.orders', ['UNKNOWN_DATASET', '1:16', 'There is no dataset `bonze.orders`: no pipeline `bonze` was applied.', 'did you mean `bronze.orders`?']],
    ['a pipeline like no other', 'select name from warehouse.stock', ['UNKNOWN_DATASET', '1:18', 'There is no dataset `warehouse.stock`: no pipeline `warehouse` was applied.', 'Apply `warehouse` first, or use one of `bronze.orders`, `gold.x`.']],
    ['an unknown dataset', 'select name from shop.clients', ['UNKNOWN_DATASET', '1:18', 'The pipeline `shop` has no model of the name in `shop.clients`; only models can be read from outside.', 'use one of `shop.by_customer`, `shop.ever`, `shop.customers`.']],
    ['a dataset spelt wrong', 'select name from shop.custmers', ['UNKNOWN_DATASET', '1:18', 'The pipeline `shop` has no model of the name in `shop.custmers`; only models can be read from outside.', 'did you mean `shop.customers`?']],
    ['the bronze of another', 'select id from shop.orders', ['UNKNOWN_DATASET', '1:16', 'The pipeline `shop` has no model of the name in `shop.orders`; only models can be read from outside.', 'use one of `shop.by_customer`, `shop.ever`, `shop.customers`.']],
    ['itself by name', 'select id from report.orders', ['UNKNOWN_DATASET', '1:16', '`report.orders` is of this very pipeline, report, whose datasets go by their zone.', 'Write `bronze.orders`.']],
    ['an unknown column', 'select nam from shop.customers', ['INVALID_SQL', '1:8', expect.stringContaining('nam') as string, undefined as unknown as string]],
    ['ids of rows, which stay in their pipeline', 'select _weir_row_id as id from shop.customers', ['INVALID_SQL', '1:8', expect.stringContaining('_weir_row_id') as string, undefined as unknown as string]],
  ])('%s is refused at its place', async (_what, sql, [code, place, message, fix]) => {
    expect(await applied.refuses(folder('report', { 'gold/x': sql }))).toEqual([expect.objectContaining({ code, place: `models/gold/x.sql:${place}`, message, ...(fix === undefined ? {} : { fix }) })]);
  });

  test('is refused in every model that reads it, and what reads those is not bound', async () => {
    const problems = await applied.refuses(folder('report', { 'gold/x': 'select a from shp.customers', 'gold/y': 'select b from shp.customers', 'gold/z': 'select c from gold.x' }));
    expect(problems.map(({ place }) => place)).toEqual(['models/gold/x.sql:1:15', 'models/gold/y.sql:1:15']);
  });

  test('cannot be over: row', async () => {
    const [problem, ...others] = await applied.refuses(folder('report', { 'gold/x': 'select name from shop.customers' }, 'grain: 1d\nmodels:\n  x: { over: row }\n'));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'INVALID_VALUE', place: 'pipeline.yaml:6:14', message: 'The model `x` cannot be over: row: it reads `shop.customers` of another pipeline, whose rows do not come with the run.' });
  });

  test('nor can pipelines read each other in a circle', async () => {
    await applied.apply(folder('report', { 'gold/x': 'select name from shop.customers' }));
    await applied.apply(folder('board', { 'gold/y': 'select name from report.x' }));
    const around = (reference: string) => applied.refuses(folder('shop', { ...SHOP, 'gold/round': `select name from ${reference}` }, SHOP_YAML));
    expect(await around('report.x')).toMatchObject([{ code: 'MODEL_CYCLE', place: 'models/gold/round.sql:1:18', message: 'Pipelines read each other in a circle: shop → report → shop.' }]);
    expect(await around('board.y')).toMatchObject([{ code: 'MODEL_CYCLE', message: 'Pipelines read each other in a circle: shop → board → report → shop.' }]);
  });
});

describe('weir check of a pipeline that reads another', () => {
  const home = process.env['WEIR_HOME'];
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'weir-upstream-'));
    process.env['WEIR_HOME'] = join(root, 'home');
  });
  afterEach(() => {
    if (home === undefined) delete process.env['WEIR_HOME'];
    else process.env['WEIR_HOME'] = home;
    rmSync(root, { recursive: true });
  });
  const write = (files: readonly DefinitionFile[]): string => {
    for (const { path, text } of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return root;
  };

  test('asks the platform that runs', async () => {
    const definitions: DefinitionServiceServer = {
      apply: unary(() => Promise.reject(new Error('check applies nothing'))),
      compareContract: unary(() => Promise.reject(new Error('check compares nothing'))),
      getDefinition: unary<GetDefinitionRequest, GetDefinitionResponse>(async ({ pipeline }) => {
        const newest = await applied.newest(pipeline);
        if (!newest) throw new WeirError({ code: 'PIPELINE_NOT_FOUND', message: `No pipeline ${pipeline}.` });
        return { pipeline, version: 1, definitionJson: JSON.stringify(newest) };
      }),
      listPipelines: unary(async () => ({ pipelines: (await applied.names()).map((pipeline) => ({ pipeline, version: 1, appliedAt: '', lastRunStatus: '', snapshot: 0 })) })),
    };
    const server = await serve({ host: '127.0.0.1', port: 0, services: [[DefinitionServiceService, definitions]], reflection: false });
    server.setReady(true);
    const asked = (sql: string) => checkFolder(write(folder('report', { 'gold/x': sql })), {}, platformPipelines(() => Promise.resolve(`127.0.0.1:${server.port}`)));
    expect(await asked('select name from shop.customers')).toMatchObject({ definition: { upstream: (await applied.apply(folder('report', { 'gold/x': 'select name from shop.customers' }))).upstream } });
    expect(await asked('select name from shp.customers')).toMatchObject({ problems: [{ code: 'UNKNOWN_DATASET', fix: 'did you mean `shop.customers`?' }] });
    await server.drain(1_000);
    expect(await asked('select name from shop.customers')).toMatchObject({ problems: [{ code: 'UNAVAILABLE', message: expect.stringContaining('Cannot check `shop.customers`: metadata') as string }] });
  });

  test('checks all but what is read of it while no platform runs, and says so', async () => {
    const outcome = await checkFolder(write(folder('report', { 'gold/x': 'select name from shop.customers', 'gold/y': 'select idd from bronze.orders', 'gold/z': 'select id from bonze.orders' })), {});
    expect(outcome).toMatchObject({
      problems: [
        { code: 'PLATFORM_DOWN', place: `${root}/models/gold/x.sql:1:18`, message: 'Cannot check `shop.customers`: No platform runs here.', fix: 'Start it with `weir up --detach`.' },
        { code: 'INVALID_SQL', place: `${root}/models/gold/y.sql:1:8` },
        { code: 'PLATFORM_DOWN', place: `${root}/models/gold/z.sql:1:16`, fix: 'did you mean `bronze.orders`? Otherwise: Start it with `weir up --detach`.' },
      ],
    });
  });

  test('needs none for a pipeline that reads no other', async () => {
    expect(await checkFolder(write(folder('report', { 'gold/y': 'select id from bronze.orders' })), {})).toMatchObject({ definition: { name: 'report', upstream: [] } });
  });

  test('does not take a failure that is no answer for one', async () => {
    const broken = { newest: () => Promise.reject(new TypeError('a defect')), names: () => Promise.resolve([]), close: () => undefined };
    await expect(checkFolder(write(folder('report', { 'gold/x': 'select name from shop.customers' })), {}, broken)).rejects.toThrow('a defect');
    const late = { ...broken, newest: () => Promise.reject(new WeirError({ code: 'UNAVAILABLE', message: 'metadata does not answer.' })) };
    expect(await checkFolder(root, {}, late)).toMatchObject({ problems: [{ code: 'UNAVAILABLE', message: 'Cannot check `shop.customers`: metadata does not answer.' }] });
  });
});
