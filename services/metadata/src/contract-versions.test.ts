import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { COMPATIBILITY_MODES, type CompatibilityMode } from '@weir/core';
import { inspector } from '@weir/engine';
import { migrate } from '@weir/platform';
import type { ApplyRequest, ContractChange, DefinitionFile } from '@weir/rpc';
import { tempDir, testDatabase } from '@weir/testkit';
import { apply } from './apply';
import { compareContract } from './compare-contract';
import { getDefinition } from './get-definition';
import { definitionOf, MIGRATIONS, openWorkbench, type Workbench } from './testing/workbench';

const COLUMNS = { country: 'logicalType: string, required: true', amount: "logicalType: number, physicalType: 'decimal(12,2)'", note: 'logicalType: string' };

/** A folder with a contract of these columns, each a flow mapping without its name; models read what is named. */
function folder(name: string, columns: Readonly<Record<string, string>>, { mode, models = {}, entry = '' }: { readonly mode?: CompatibilityMode | undefined; readonly models?: Readonly<Record<string, string>>; readonly entry?: string } = {}): DefinitionFile[] {
  const properties = Object.entries(columns).map(([column, rest]) => `      - { name: ${column}, ${rest} }\n`).join('');
  const custom = mode === undefined ? '' : `    customProperties: [{ property: weirCompatibility, value: ${mode} }]\n`;
  const sql = { 'gold/by_country': 'select country, count(*) as orders from bronze.orders group by country', ...models };
  return [
    { path: 'pipeline.yaml', text: `name: ${name}\nsource: { dataset: orders, type: file, path: data/*.csv }\ndestinations: [{ connection: warehouse, schema: ${name} }]\n` },
    { path: 'contract.odcs.yaml', text: `apiVersion: v3.1.0\nkind: DataContract\nid: ${name}\nversion: 1.0.0\nstatus: active\nschema:\n  - name: orders\n    properties:\n${properties}${custom}${entry}` },
    ...Object.entries(sql).map(([path, text]) => ({ path: `models/${path}.sql`, text })),
  ];
}

const short = (changes: readonly ContractChange[]) => changes.map(({ dataset, columns, kind, before, after, breaking, version }) => `${dataset}.${columns.join()} ${kind} ${before} → ${after}${breaking ? ' breaks' : ''} ${version}`);

describe('the contract of a pipeline', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const applied = (files: DefinitionFile[], changes: Partial<ApplyRequest> = {}) => apply({ pool: bench.pool, inspector }, { files, root: '/srv', dryRun: false, ...changes });
  const versionsOf = async (pipeline: string) => (await bench.pool.query<{ text: string }>(`select dataset || ' ' || version || ' of ' || definition_version as text from metadata.contract_version where pipeline = $1 order by dataset, version`, [pipeline])).rows.map(({ text }) => text);

  test('has a version for every change of a dataset, and none for other changes', async () => {
    const entry = '  - { name: by_country, properties: [{ name: orders, logicalType: integer, required: true }] }\n';
    await applied(folder('numbered', COLUMNS, { entry }));
    await applied(folder('numbered', COLUMNS, { entry }).map((file) => (file.path === 'pipeline.yaml' ? { ...file, text: `${file.text}description: Other words.\n` } : file)));
    await applied(folder('numbered', { ...COLUMNS, extra: 'logicalType: integer' }, { entry }));
    expect(await versionsOf('numbered')).toEqual(['by_country 1 of 1', 'orders 1 of 1', 'orders 2 of 3']);
  });

  test('is refused where it breaks its mode, with the place, the change and who reads it; and nothing is stored', async () => {
    const models = { 'silver/lines': 'select country,\n  amount as worth\nfrom bronze.orders', 'gold/total': 'select sum(worth) as total from silver.lines' };
    await applied(folder('shop', COLUMNS, { models }));
    await applied(folder('report', COLUMNS, { models: { 'gold/copy': 'select l.worth from shop.lines l' } }));
    const text = folder('shop', { ...COLUMNS, amount: 'logicalType: integer' }, { models });
    await expect(applied(text)).rejects.toMatchObject({
      code: 'CONTRACT_INCOMPATIBLE',
      place: 'contract.odcs.yaml:10:17',
      message: 'The contract of `orders` changes what its mode BACKWARD forbids since version 1: orders.amount: type DECIMAL(12,2) → BIGINT.',
      samples: ['orders.amount: type DECIMAL(12,2) → BIGINT; read by shop silver.lines (models/silver/lines.sql:2:3), shop gold.total (models/gold/total.sql:1:12), report gold.copy (models/gold/copy.sql:1:8)'],
      fix: expect.stringContaining('weirCompatibility'),
    });
    expect((await getDefinition(bench, { pipeline: 'shop', version: 0 })).version).toBe(1);
    expect(await versionsOf('shop')).toEqual(['orders 1 of 1']);
  });

  test('says the same on a dry run, which refuses nothing, and names readers also of the models that are given', async () => {
    await applied(folder('dry', COLUMNS, { models: { 'gold/old': 'select amount from bronze.orders' } }));
    const answer = await applied(folder('dry', { country: COLUMNS.country, amount: 'logicalType: integer', extra: 'logicalType: string' }, { models: { 'gold/new': 'select amount + 1 as more from bronze.orders' } }), { dryRun: true });
    expect(short(answer.contract)).toEqual(['orders.note removed VARCHAR optional →  1', 'orders.amount type DECIMAL(12,2) → BIGINT breaks 1', 'orders.extra added  → VARCHAR optional 1']);
    expect(answer.contract[1]).toMatchObject({ mode: 'BACKWARD', breaks: ['backward', 'forward'] });
    expect(answer.contract[1]?.readers).toEqual([
      { pipeline: 'dry', version: 0, model: 'gold.new', place: 'models/gold/new.sql:1:8', column: 'bronze.orders.amount', certain: true, lost: false },
      { pipeline: 'dry', version: 1, model: 'gold.old', place: 'models/gold/old.sql:1:8', column: 'bronze.orders.amount', certain: true, lost: false },
    ]);
    expect(await versionsOf('dry')).toEqual(['orders 1 of 1']);
  });

  test('is compared also where models do not compile without the columns that are gone', async () => {
    const models = { 'gold/old': 'select amount from bronze.orders' };
    await applied(folder('gone', COLUMNS, { models }));
    const files = folder('gone', { country: COLUMNS.country, note: 'logicalType: string, required: true' }, { models });
    await expect(applied(files, { dryRun: true })).rejects.toMatchObject({ code: 'INVALID_SQL', place: 'models/gold/old.sql:1:8' });
    const { pipeline, contract } = await compareContract({ pool: bench.pool, inspector }, { files, root: '/srv' });
    expect([pipeline, ...short(contract)]).toEqual(['gone', 'orders.amount removed DECIMAL(12,2) optional →  1', 'orders.note required optional → required breaks 1']);
    expect(contract[0]?.readers).toMatchObject([{ model: 'gold.old', version: 1 }]);
    await expect(compareContract({ pool: bench.pool, inspector }, { files: files.filter(({ path }) => path !== 'contract.odcs.yaml'), root: '/srv' })).rejects.toMatchObject({ code: 'MISSING_FILE' });
  });

  test('of a model is held to its own mode', async () => {
    const entry = (type: string, mode: CompatibilityMode) => `  - { name: by_country, properties: [{ name: orders, logicalType: ${type} }], customProperties: [{ property: weirCompatibility, value: ${mode} }] }\n`;
    await applied(folder('entries', COLUMNS, { entry: entry('integer', 'FORWARD') }));
    const files = (mode: CompatibilityMode) => folder('entries', COLUMNS, { entry: entry('number', mode), models: { 'gold/by_country': 'select country, count(*)::double as orders from bronze.orders group by country' } });
    await expect(applied(files('FORWARD'))).rejects.toMatchObject({ code: 'CONTRACT_INCOMPATIBLE', message: expect.stringContaining('FORWARD forbids since version 1: by_country.orders: type BIGINT → DOUBLE') });
    expect(await applied(files('BACKWARD'))).toMatchObject({ version: 2 });
  });

  // Version 2 asks for what version 1 did not; version 3 only adds to it. Which modes see the first follows from the versions that they look at.
  test.each<[CompatibilityMode, boolean]>(COMPATIBILITY_MODES.map((mode) => [mode, ['BACKWARD', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'NONE'].includes(mode)]))('of mode %s is held against the newest version, or all', async (mode, taken) => {
    const name = `mode_${mode.toLowerCase()}`;
    await applied(folder(name, { country: COLUMNS.country, note: 'logicalType: string' }, { mode: 'NONE' }));
    await applied(folder(name, { country: COLUMNS.country, note: 'logicalType: string, required: true' }, { mode: 'NONE' }));
    const third = applied(folder(name, { country: COLUMNS.country, note: 'logicalType: string, required: true', more: 'logicalType: string' }, { mode }));
    if (taken) await expect(third).resolves.toMatchObject({ version: 3 });
    else await expect(third).rejects.toMatchObject({ code: 'CONTRACT_INCOMPATIBLE', message: expect.stringContaining('since version 1: orders.note: optional → required') });
  });

  test('is one of two that are applied at the same time, when they do not go together', async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = `race_${round}`;
      await applied(folder(name, { country: COLUMNS.country }));
      const outcomes = await Promise.allSettled(['integer', 'string'].map((type) => applied(folder(name, { country: COLUMNS.country, fresh: `logicalType: ${type}` }))));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({ code: 'CONTRACT_INCOMPATIBLE' });
      expect(await versionsOf(name)).toEqual(['orders 1 of 1', 'orders 2 of 2']);
    }
  });
});

test('contracts that were applied before there were versions get theirs', async () => {
  const [database, before] = await Promise.all([testDatabase(), tempDir()]);
  try {
    for (const name of (await readdir(MIGRATIONS)).filter((file) => file < '007')) await copyFile(join(MIGRATIONS, name), join(before.path, name));
    await migrate(database.pool, 'metadata', before.path);
    const { contract, ...rest } = definitionOf('old');
    const [dataset] = contract.datasets;
    const bodies = [contract, contract, { ...contract, datasets: [{ ...dataset, columns: [] }] }, { ...contract, datasets: [] }, contract].map((one) => JSON.stringify({ ...rest, contract: one }));
    await database.pool.query(`insert into metadata.pipeline (name, version) values ('old', 5)`);
    for (const [index, body] of bodies.entries()) await database.pool.query(`insert into metadata.definition (pipeline, version, body) values ('old', $1, $2)`, [index + 1, body]);
    await migrate(database.pool, 'metadata', MIGRATIONS);
    const { rows } = await database.pool.query(`select dataset, version::int, definition_version::int, json_array_length(body -> 'columns') as columns from metadata.contract_version order by version`);
    expect(rows).toEqual([
      { dataset: 'orders', version: 1, definition_version: 1, columns: 1 },
      { dataset: 'orders', version: 2, definition_version: 3, columns: 0 },
      { dataset: 'orders', version: 3, definition_version: 5, columns: 1 },
    ]);
  } finally {
    await Promise.all([database.drop(), before.dispose()]);
  }
});
