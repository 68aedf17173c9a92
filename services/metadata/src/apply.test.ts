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

  describe('of pipelines that read each other', () => {
    const reading = (name: string, reference: string) => folder(name, { model: `select country, count(*) as revenue from ${reference} group by country` });

    test('binds a model to the newest version of the pipeline that it reads', async () => {
      await applied(folder('base'));
      await applied(folder('base', { model: 'select country, max(amount) as revenue from bronze.orders group by country' }));
      const copy = folder('copy', { model: 'select country, revenue from base.revenue' });
      expect(await applied(copy)).toMatchObject({ pipeline: 'copy', version: 1 });
      const stored = JSON.parse((await getDefinition(bench, { pipeline: 'copy', version: 0 })).definitionJson) as unknown;
      expect(stored).toMatchObject({ upstream: [{ pipeline: 'base', dataset: 'gold.revenue', reference: 'base.revenue', byInterval: false, columns: [{ name: 'country', type: 'VARCHAR' }, { name: 'revenue', type: 'DECIMAL(12,2)' }] }] });
      expect(await applied(copy)).toMatchObject({ version: 1, changes: [] });
      // What changed there is a change of what reads it, once that is applied again.
      await applied(folder('base', { model: 'select country, count(*) as revenue from bronze.orders group by country' }));
      const again = await applied(copy);
      expect(again.version).toBe(2);
      expect(again.changes.map(({ subject }) => subject)).toContain('model gold.revenue columns');
    });

    test('suggests what was meant among those that are stored', async () => {
      await applied(folder('stocks'));
      await expect(applied(reading('typo', 'stock.revenue'))).rejects.toMatchObject({ code: 'UNKNOWN_DATASET', place: 'models/gold/revenue.sql:1:42', fix: 'did you mean `stocks.revenue`?' });
    });

    test('refuses a circle, even between two that are applied at the same time', async () => {
      for (let round = 0; round < 8; round += 1) {
        const [left, right] = [`left_${round}`, `right_${round}`];
        await Promise.all([applied(folder(left)), applied(folder(right))]);
        const outcomes = await Promise.allSettled([applied(reading(left, `${right}.revenue`)), applied(reading(right, `${left}.revenue`))]);
        expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
        const refused = outcomes.find((outcome) => outcome.status === 'rejected');
        expect(refused?.reason).toMatchObject({ code: 'MODEL_CYCLE', message: expect.stringMatching(/^Pipelines read each other in a circle: (left_\d → right_\d → left_\d|right_\d → left_\d → right_\d)\.$/) });
      }
    });
  });

  test('does not know a version that was never stored', async () => {
    await applied(folder('versions'));
    await expect(getDefinition(bench, { pipeline: 'versions', version: 2 })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND', message: 'The pipeline versions has no version 2.' });
  });
});
