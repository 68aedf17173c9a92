import { describeChanges } from './changes';
import type { Definition } from './definition';

const BASE: Definition = {
  name: 'shop',
  description: 'Orders.',
  source: { type: 'file', dataset: 'orders', path: '/data/*.csv', delimiter: ',', empty: 'error' },
  contract: {
    id: 'c',
    version: '1',
    datasets: [
      {
        name: 'orders',
        columns: [{ name: 'a', physicalName: 'A', type: 'BIGINT', required: true, keyPosition: undefined, format: undefined }],
        rules: [{ id: 'r', severity: 'critical', type: 'accuracy', predicate: 'a > 0', description: 'd' }],
        checks: [{ id: 'orders.rowCount', severity: 'warning', type: 'coverage', measure: { kind: 'rowCount' }, threshold: { greaterThan: 0, unit: 'rows' } }],
        order: { by: 'arrival' },
      },
    ],
  },
  models: [{ name: 'm', zone: 'gold', file: 'models/gold/m.sql', sql: 'select a\nfrom bronze.orders', scope: 'interval', inputs: ['bronze.orders'], key: ['a'], writeMode: 'upsert', columns: [{ name: 'a', type: 'BIGINT' }] }],
  destinations: [{ connection: 'warehouse', type: 'postgres', schema: 'shop' }],
  policy: { retries: 2, retryDelayMs: 300_000, executionTimeoutMs: 3_600_000, failAbove: { share: 0.01, minRows: 100 } },
};

const [MODEL] = BASE.models;
const [DATASET] = BASE.contract.datasets;

describe('changes between definitions', () => {
  test('of a new pipeline are all of its things', () => {
    expect(describeChanges(undefined, BASE).map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
      'added pipeline shop',
      'added column orders.a',
      'added rule orders.r',
      'added check orders.rowCount',
      'added order of orders',
      'added model gold.m',
      'added destination warehouse.shop',
    ]);
  });

  test('are none for the same definition, also when it was stored as JSON between', () => {
    expect(describeChanges(BASE, BASE)).toEqual([]);
    expect(describeChanges(JSON.parse(JSON.stringify(BASE)) as Definition, BASE)).toEqual([]);
  });

  test.each<[string, Partial<Definition>, object[]]>([
    ['a setting', { policy: { ...BASE.policy, retryDelayMs: 30_000 } }, [{ kind: 'changed', subject: 'retryDelay', before: '5m', after: '30s' }]],
    ['the breaker', { policy: { ...BASE.policy, failAbove: { share: 0.07, minRows: 100 } } }, [{ kind: 'changed', subject: 'quarantine failAbove', before: '1%', after: '7%' }]],
    ['the source', { source: { ...BASE.source, path: '/new' } }, [{ kind: 'changed', subject: 'source path', before: '/data/*.csv', after: '/new' }]],
    ['a grain', { grain: '1d' }, [{ kind: 'changed', subject: 'grain', before: 'none', after: '1d' }]],
    ['a model away', { models: [] }, [{ kind: 'removed', subject: 'model gold.m', before: 'over interval, upsert, key a', after: '' }]],
    ['a destination for another', { destinations: [{ connection: 'warehouse', type: 'postgres', schema: 'other' }] }, [
      { kind: 'added', subject: 'destination warehouse.other', before: '', after: 'postgres' },
      { kind: 'removed', subject: 'destination warehouse.shop', before: 'postgres', after: '' },
    ]],
    ['the SQL and key of a model', { models: MODEL ? [{ ...MODEL, sql: 'select 1 as a', key: [] }] : [] }, [
      { kind: 'changed', subject: 'model gold.m key', before: 'a', after: '' },
      { kind: 'changed', subject: 'model gold.m sql', before: 'select a\nfrom bronze.orders', after: 'select 1 as a' },
    ]],
    ['a rule', { contract: { ...BASE.contract, datasets: DATASET ? [{ ...DATASET, rules: DATASET.rules.map((rule) => ({ ...rule, severity: 'info' as const })) }] : [] } }, [{ kind: 'changed', subject: 'rule orders.r severity', before: 'critical', after: 'info' }]],
    ['a format of a column', { contract: { ...BASE.contract, datasets: DATASET ? [{ ...DATASET, columns: DATASET.columns.map((column) => ({ ...column, format: '%Y' })) }] : [] } }, [{ kind: 'changed', subject: 'column orders.a format', before: '', after: '%Y' }]],
  ])('name what happened to %s', (_what, change, expected) => {
    const after = { ...BASE, ...change };
    expect(describeChanges(BASE, after)).toEqual(expected);
    const back = describeChanges(after, BASE);
    expect(back).toHaveLength(expected.length);
  });
});
