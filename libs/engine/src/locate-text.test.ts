import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ColumnType, Definition, Model } from '@weir/core';
import { DatasetViews, planBatch, runModel, WarmEngines, withEngine, writeParquet } from './index';
import { explainFailure } from './explain-failure';

const COLUMNS = [{ name: 'product', type: 'VARCHAR' as ColumnType }, { name: 'amount', type: 'DOUBLE' as ColumnType }];

function definitionOf(scope: Model['scope'], sql: string, settings: Partial<Model> = {}): Definition {
  const model = { name: 'm', zone: 'silver', file: 'models/silver/m.sql', sql, scope, inputs: ['bronze.orders'], key: [], writeMode: 'append', columns: [{ name: 'x', type: 'BIGINT' }], ...settings };
  const dataset = { name: 'orders', columns: COLUMNS.map((column) => ({ ...column, physicalName: column.name, required: false, keyPosition: column.name === 'product' ? 1 : undefined })), rules: [], checks: [], order: { by: 'arrival' } };
  return { name: 'shop', upstream: [], source: { type: 'file', dataset: 'orders' }, contract: { id: 'shop', version: '1', datasets: [dataset] }, models: [model] } as unknown as Definition;
}

let root = '';
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), 'weir-locate-'))));
afterAll(() => rm(root, { recursive: true }));

const BRONZE = `'all' as _weir_partition, 'r1' as _weir_row_id, 'p:1' as _weir_position, false as _weir_deleted`;

async function failure(definition: Definition): Promise<unknown> {
  const staging = await mkdtemp(join(root, 'run-'));
  return withEngine({ inputs: [], staging, memoryLimit: '256MB', threads: 1 }, async (engine) => {
    const files = await writeParquet(engine, { select: `select 'abc' as product, 1e300 as amount, ${BRONZE}`, dir: join(staging, 'bronze'), name: 'bronze' });
    const work = { definition, partitions: ['all'], upstream: new Map() };
    const views = new DatasetViews(engine, work);
    await views.add('bronze.orders', files.map(({ path }) => ({ absolutePath: path, partitions: ['all'], whole: true })));
    const [model] = definition.models;
    if (!model) throw new Error('no model');
    return runModel(engine, { work, model, inputs: views.inputs(model.scope), staging }).then(() => undefined, (error: unknown) => error);
  });
}

describe('the place of a cast that fails', () => {
  const sql = (cast: string): string => `-- Grüße\nselect\n  length(product) as n,\n  ${cast} as x\nfrom bronze.orders\nwhere amount > 0`;
  const columns = [{ name: 'n', type: 'BIGINT' as const }, { name: 'x', type: 'BIGINT' as const }];

  test.each(['row', 'interval', 'history'] as const)('is told of a model over %s', async (scope) => {
    // The engine's offsets are of cast( itself, and of the colons where the cast is written with them.
    expect(await failure(definitionOf(scope, sql('cast(product as bigint)'), { columns }))).toMatchObject({ code: 'MODEL_FAILED', place: 'models/silver/m.sql:4:3', message: expect.stringContaining("'abc'") as string });
    expect(await failure(definitionOf(scope, sql('1 + product::bigint'), { columns }))).toMatchObject({ place: 'models/silver/m.sql:4:14' });
  });

  test('is told where the table has a name and the cast is in the WHERE, or in a CTE', async () => {
    expect(await failure(definitionOf('history', `select 1 as x from bronze.orders where bronze.orders.product::bigint > 0`))).toMatchObject({ place: 'models/silver/m.sql:1:61' });
    expect(await failure(definitionOf('history', `with o as (select cast(upper(o.product || ')(') as bigint) as x from bronze.orders o)\nselect x from o`))).toMatchObject({ place: 'models/silver/m.sql:1:19' });
  });

  test('is told of keyed rows, whose casts are guarded', async () => {
    const definition = definitionOf('row', `select product, cast(amount as bigint) as x\nfrom bronze.orders where product::bigint > 0`, { key: ['product'], writeMode: 'upsert', columns: [{ name: 'product', type: 'VARCHAR' }, { name: 'x', type: 'BIGINT' }] });
    expect(await failure(definition)).toMatchObject({ place: 'models/silver/m.sql:2:33' });
  });

  test('is the file where the engine names none', async () => {
    expect(await failure(definitionOf('history', `select strptime(product, '%Y') as x from bronze.orders`, { columns: [{ name: 'x', type: 'TIMESTAMP' }] }))).toMatchObject({ code: 'MODEL_FAILED', place: 'models/silver/m.sql' });
  });

  test('is told of a micro-batch, with the row', async () => {
    const definition = definitionOf('row', sql('cast(product as bigint)'), { columns });
    const plan = await planBatch(definition);
    const engines = new WarmEngines({ memoryLimit: '128MB', threads: 1 });
    const data = Buffer.from(['1', 'abc', '2'].map((product, n) => JSON.stringify([product, '1.0', 'all', `r${n}`, `p:${n}`, 'false'])).join('\n'));
    const run = <T extends object>(statement: typeof plan.read, rows: Uint8Array): Promise<T[]> => engines.rows<T>('shop', statement, [rows], new AbortController().signal);
    const failed: unknown = await run(plan.statement(1), data).catch((error: unknown) => error);
    const explained = await explainFailure({ pipeline: 'shop', plan, data, error: failed as never }, run);
    engines.close();
    expect(explained).toMatchObject({ code: 'MODEL_FAILED', place: 'models/silver/m.sql:4:3', samples: ['p:1: silver.m'] });
  });
});
