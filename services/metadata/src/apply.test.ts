import { inspector } from '@weir/engine';
import type { ApplyRequest, DefinitionFile } from '@weir/rpc';
import { apply } from './apply';
import { getDefinition } from './get-definition';
import { listDatasets } from './list-datasets';
import { openWorkbench, type Workbench } from './testing/workbench';

const CONTRACT = `apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - { name: country, logicalType: string, physicalName: Country }
      - { name: amount, logicalType: number, physicalType: 'decimal(12,2)', physicalName: Amount }
`;

function folder(name: string, changes: { pipeline?: string; model?: string } = {}): DefinitionFile[] {
  const pipeline = `name: ${name}
source: { dataset: orders, type: file, path: data/*.csv }
models:
  revenue: { key: [country], over: history }
destinations:
  - { connection: warehouse, schema: ${name} }
`;
  return [
    { path: 'pipeline.yaml', text: changes.pipeline ?? pipeline },
    { path: 'contract.odcs.yaml', text: CONTRACT },
    { path: 'models/gold/revenue.sql', text: changes.model ?? 'select country, sum(amount) as revenue from bronze.orders group by country' },
  ];
}

describe('apply', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const applied = (files: DefinitionFile[], changes: Partial<ApplyRequest> = {}) => apply({ pool: bench.pool, inspector }, { files, root: '/srv/shop', dryRun: false, ...changes });

  test('stores a first version that comes back compiled', async () => {
    const answer = await applied(folder('first'));
    expect(answer).toMatchObject({ pipeline: 'first', version: 1 });
    expect(answer.changes).not.toEqual([]);
    const stored = await getDefinition(bench, { pipeline: 'first', version: 0 });
    expect(stored.version).toBe(1);
    expect(JSON.parse(stored.definitionJson)).toMatchObject({ name: 'first', source: { path: '/srv/shop/data/*.csv' }, models: [{ name: 'revenue', scope: 'history', inputs: ['bronze.orders'] }] });
    expect((await listDatasets(bench, { pipeline: 'first' })).datasets.map((dataset) => dataset.dataset)).toEqual(['raw.orders', 'bronze.orders', 'gold.revenue']);
  });

  test('stores a version only when the compiled definition changed', async () => {
    await applied(folder('again'));
    const commented = folder('again').map((file) => (file.path.endsWith('.yaml') ? { ...file, text: `# A comment is no change.\n${file.text}` } : file));
    expect(await applied(commented)).toMatchObject({ version: 1, changes: [] });
    const changed = await applied(folder('again', { model: 'select country, max(amount) as revenue from bronze.orders group by country' }));
    expect(changed.version).toBe(2);
    expect(changed.changes).not.toEqual([]);
    expect((await getDefinition(bench, { pipeline: 'again', version: 1 })).definitionJson).toContain('sum(amount)');
    expect((await getDefinition(bench, { pipeline: 'again', version: 0 })).definitionJson).toContain('max(amount)');
  });

  test('stores one version when the same folder is applied many times at once', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => applied(folder('once'))));
    expect(answers.map((answer) => answer.version)).toEqual([1, 1, 1, 1]);
  });

  test('stores nothing on a dry run', async () => {
    const dry = await applied(folder('dry'), { dryRun: true });
    expect(dry).toMatchObject({ pipeline: 'dry', version: 0 });
    expect(dry.changes).not.toEqual([]);
    await expect(getDefinition(bench, { pipeline: 'dry', version: 0 })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  });

  test('gives the first problem as the error and the others as samples', async () => {
    const pipeline = `${folder('bad')[0]?.text ?? ''}schedul: daily\nretrys: 3\n`;
    await expect(applied(folder('bad', { pipeline }))).rejects.toMatchObject({
      code: 'UNKNOWN_KEY',
      place: 'pipeline.yaml:7:1',
      message: expect.stringContaining('schedul'),
      samples: [expect.stringMatching(/^pipeline\.yaml:8:1: UNKNOWN_KEY: .*retrys/)],
    });
  });

  test('refuses a model that reaches for files', async () => {
    await expect(applied(folder('files', { model: "select * from read_csv('/etc/passwd')" }))).rejects.toMatchObject({ code: 'FORBIDDEN_SQL' });
    await expect(getDefinition(bench, { pipeline: 'files', version: 0 })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  });

  test('does not know a version that was never stored', async () => {
    await applied(folder('versions'));
    await expect(getDefinition(bench, { pipeline: 'versions', version: 2 })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND', message: 'The pipeline versions has no version 2.' });
  });
});
