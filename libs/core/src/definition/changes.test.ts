import { SHOP as BASE } from '../testing/shop';
import { describeChanges } from './changes';
import type { Definition, Schedule } from './definition';
import { CSV_LAYOUT } from './source';

const [MODEL] = BASE.models;
const [DATASET] = BASE.contract.datasets;
const SCHEDULE: Schedule = { cron: '0 * * * *', timezone: 'UTC', catchup: false, maxActiveRuns: 1, dependsOnPast: false };

describe('changes between definitions', () => {
  test('of a new pipeline are all of its things', () => {
    expect(describeChanges(undefined, BASE).map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
      'added pipeline shop',
      'added column orders.a',
      'added rule orders.r',
      'added check orders.rowCount',
      'added order of orders',
      'added compatibility of orders',
      'added drift of orders',
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
    ['the source', { source: { type: 'file', dataset: 'orders', path: '/new', layout: CSV_LAYOUT, empty: 'error' } }, [{ kind: 'changed', subject: 'source path', before: '/data/*.csv', after: '/new' }]],
    ['a grain', { grain: '1d' }, [{ kind: 'changed', subject: 'grain', before: 'none', after: '1d' }]],
    ['the mode', { mode: 'micro_batch' }, [{ kind: 'changed', subject: 'mode', before: 'batch', after: 'micro_batch' }]],
    ['the approval', { approval: 'warning' }, [{ kind: 'changed', subject: 'approval', before: 'never', after: 'warning' }]],
    ['a lookback', { grain: '15m', lookbackGrains: 3 }, [
      { kind: 'changed', subject: 'grain', before: 'none', after: '15m' },
      { kind: 'changed', subject: 'lookback', before: 'none', after: '45m' },
    ]],
    ['retention', { retention: { raw: 86_400_000, bronze: 365 * 86_400_000 } }, [
      { kind: 'changed', subject: 'retention raw', before: '90d', after: '1d' },
      { kind: 'changed', subject: 'retention bronze', before: 'forever', after: '365d' },
    ]],
    ['retention for ever', { retention: {} }, [{ kind: 'changed', subject: 'retention raw', before: '90d', after: 'forever' }]],
    ['a schedule', { schedule: SCHEDULE }, [{ kind: 'added', subject: 'schedule', before: '', after: '0 * * * * UTC' }]],
    ['an upstream', { upstream: [{ pipeline: 'crm', dataset: 'silver.people', reference: 'crm.people', columns: [], byInterval: true }] }, [{ kind: 'added', subject: 'upstream crm.people', before: '', after: 'silver.people' }]],
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
    ['the compatibility', { contract: { ...BASE.contract, datasets: DATASET ? [{ ...DATASET, compatibility: 'FULL' }] : [] } }, [{ kind: 'changed', subject: 'compatibility of orders mode', before: 'BACKWARD', after: 'FULL' }]],
    ['what is done about drift, against what holds where nothing is said', { contract: { ...BASE.contract, datasets: DATASET ? [{ ...DATASET, drift: { newColumn: 'freeze', changedType: 'quarantine' } }] : [] } }, [{ kind: 'changed', subject: 'drift of orders newColumn', before: 'evolve', after: 'freeze' }]],
    ['a default', { contract: { ...BASE.contract, datasets: DATASET ? [{ ...DATASET, columns: DATASET.columns.map((column) => ({ ...column, default: 7 })) }] : [] } }, [{ kind: 'changed', subject: 'column orders.a default', before: '', after: '7' }]],
  ])('name what happened to %s', (_what, change, expected) => {
    const after = { ...BASE, ...change };
    expect(describeChanges(BASE, after)).toEqual(expected);
    const back = describeChanges(after, BASE);
    expect(back).toHaveLength(expected.length);
  });

  test('name every setting of a schedule', () => {
    const before = { ...BASE, schedule: { ...SCHEDULE, startDate: '2010-12-01T00:00:00Z' } };
    const after = { ...BASE, schedule: { cron: '5 * * * *', timezone: 'Europe/London', catchup: true, maxActiveRuns: 3, dependsOnPast: true, paused: 'moving' } };
    expect(describeChanges(before, after).map((change) => [change.subject, change.before, change.after])).toEqual([
      ['schedule cron', '0 * * * *', '5 * * * *'],
      ['schedule timezone', 'UTC', 'Europe/London'],
      ['schedule startDate', '2010-12-01T00:00:00Z', ''],
      ['schedule catchup', 'false', 'true'],
      ['schedule maxActiveRuns', '1', '3'],
      ['schedule dependsOnPast', 'false', 'true'],
      ['schedule paused', '', 'moving'],
    ]);
  });
});
