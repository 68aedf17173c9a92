import fc from 'fast-check';
import type { ContractDataset } from '../contract/contract';
import { SHOP } from '../testing/shop';
import type { Definition, Model, Upstream } from './definition';
import { staleParts } from './stale-parts';

const LINES: Model = { name: 'lines', zone: 'silver', file: 'models/silver/lines.sql', sql: 'select * from bronze.orders', scope: 'row', inputs: ['bronze.orders'], key: [], writeMode: 'append', columns: [{ name: 'a', type: 'BIGINT' }] };
const BUYERS: Model = { ...LINES, name: 'buyers', zone: 'gold', sql: 'select a from silver.lines join crm.people using (a)', scope: 'interval', inputs: ['silver.lines', 'crm.people'], key: ['a'] };
const TOTALS: Model = { ...BUYERS, name: 'totals', sql: 'select a from gold.buyers join crm.firms using (a)', scope: 'history', inputs: ['gold.buyers', 'crm.firms'] };
const PEOPLE: Upstream = { pipeline: 'crm', dataset: 'silver.people', reference: 'crm.people', columns: [], byInterval: true };
const FIRMS: Upstream = { ...PEOPLE, dataset: 'silver.firms', reference: 'crm.firms' };
const ENTRY: ContractDataset = { ...(SHOP.contract.datasets[0] as ContractDataset), name: 'totals' };
const KEYED: ContractDataset = { ...(SHOP.contract.datasets[0] as ContractDataset), columns: [{ name: 'a', physicalName: 'A', type: 'BIGINT', required: true, keyPosition: 1 }] };
const BASE: Definition = { ...SHOP, grain: '1d', models: [LINES, BUYERS, TOTALS], upstream: [PEOPLE, FIRMS], contract: { ...SHOP.contract, datasets: [KEYED, ENTRY] } };

type Edit = (definition: Definition) => Definition;

const source = (change: Partial<ContractDataset>): Edit => (definition) => dataset(definition, 0, change);
const model = (name: string, change: Partial<Model>): Edit => (definition) => ({ ...definition, models: definition.models.map((one) => (one.name === name ? { ...one, ...change } : one)) });
const upstream = (reference: string, change: Partial<Upstream>): Edit => (definition) => ({ ...definition, upstream: definition.upstream.map((one) => (one.reference === reference ? { ...one, ...change } : one)) });

function dataset(definition: Definition, at: number, change: Partial<ContractDataset>): Definition {
  const datasets = definition.contract.datasets.map((one, index) => (index === at ? { ...one, ...change } : one));
  return { ...definition, contract: { ...definition.contract, datasets } };
}

const [COLUMN] = KEYED.columns;
const [RULE] = KEYED.rules;

/** What is edited, how, and the part that goes stale; each edits something of its own, so that any of them can come together. */
const EDITS: [string, Edit, string | undefined][] = [
  ['grain', (definition) => ({ ...definition, grain: '1h' }), 'grain'],
  ['source path', (definition) => ({ ...definition, source: { ...definition.source, path: '/elsewhere/*.csv' } }), 'source'],
  ['source delimiter', (definition) => ({ ...definition, source: { ...definition.source, delimiter: ';' } }), 'source'],
  ['how new files are told', (definition) => ({ ...definition, source: { ...definition.source, track: 'new' } as Definition['source'] }), 'source'],
  ['what an empty interval is', (definition) => ({ ...definition, source: { ...definition.source, empty: 'allow' } }), undefined],
  ['a column of the contract', (definition) => source({ columns: [...(definition.contract.datasets[0]?.columns ?? []), { name: 'b', physicalName: 'B', type: 'DATE', required: false, format: '%Y' }] })(definition), 'contract'],
  ['a critical rule', source({ rules: RULE ? [{ ...RULE, predicate: 'a > 1' }] : [] }), 'contract'],
  ['the order of rows', source({ order: { by: 'immutable' } }), 'contract'],
  ['checks', source({ checks: [] }), undefined],
  ['the contract entry of a model', (definition) => dataset(definition, 1, { checks: [], columns: [] }), undefined],
  ['the version of the contract', (definition) => ({ ...definition, contract: { ...definition.contract, version: '2' } }), undefined],
  ['SQL of a model over rows', model('lines', { sql: 'select a from bronze.orders' }), 'model silver.lines'],
  ['columns of a model', model('buyers', { columns: [{ name: 'a', type: 'VARCHAR' }] }), 'model gold.buyers'],
  ['key of a model', model('buyers', { key: [] }), 'model gold.buyers'],
  ['sequence of a model', model('buyers', { sequence: 'a' }), 'model gold.buyers'],
  ['scope of a model', model('lines', { scope: 'interval' }), 'model silver.lines'],
  ['write mode of a model', model('lines', { writeMode: 'overwrite' }), undefined],
  ['file of a model', model('lines', { file: 'models/silver/moved.sql' }), undefined],
  ['blanks around SQL', model('buyers', { sql: `\n${BUYERS.sql}\n` }), undefined],
  ['SQL of a model over history', model('totals', { sql: 'select 1 as a' }), undefined],
  ['a new model over rows', (definition) => ({ ...definition, models: [...definition.models, { ...LINES, name: 'more' }] }), 'model silver.more'],
  ['a new model over history', (definition) => ({ ...definition, models: [...definition.models, { ...TOTALS, name: 'sums' }] }), undefined],
  ['the dataset behind an upstream', upstream('crm.people', { dataset: 'gold.people' }), 'upstream crm.people'],
  ['what intervals see of an upstream', upstream('crm.people', { byInterval: false }), 'upstream crm.people'],
  ['the dataset behind an upstream that only history reads', upstream('crm.firms', { dataset: 'gold.firms' }), undefined],
  ['destinations', (definition) => ({ ...definition, destinations: [] }), undefined],
  ['policy', (definition) => ({ ...definition, policy: { ...definition.policy, retries: 9 } }), undefined],
  ['schedule', (definition) => ({ ...definition, schedule: { cron: '0 * * * *', timezone: 'UTC', catchup: false, maxActiveRuns: 1, dependsOnPast: false } }), undefined],
  ['mode and lookback', (definition) => ({ ...definition, mode: 'micro_batch', lookbackGrains: 2 }), undefined],
  ['retention', (definition) => ({ ...definition, retention: {} }), undefined],
  ['approval', (definition) => ({ ...definition, approval: 'warning' }), undefined],
  ['description', (definition) => ({ ...definition, description: 'Other words.' }), undefined],
];

describe('stale parts', () => {
  test('of the same definition are none, also when one of the two was stored', () => {
    expect(staleParts(BASE, BASE)).toEqual([]);
    expect(staleParts(JSON.parse(JSON.stringify(BASE)) as Definition, BASE)).toEqual([]);
  });

  test.each(EDITS)('after a change of %s', (_what, edit, part) => {
    expect(staleParts(BASE, edit(BASE))).toEqual(part === undefined ? [] : [part]);
  });

  test('are exactly those of all changes together, both ways', () => {
    fc.assert(
      fc.property(fc.subarray(EDITS), (edits) => {
        const after = edits.reduce((definition, [, edit]) => edit(definition), BASE);
        const expected = new Set(edits.flatMap(([, , part]) => part ?? []));
        expect(new Set(staleParts(BASE, after))).toEqual(expected);
        // A model that goes takes nothing with it.
        expect(new Set(staleParts(after, BASE))).toEqual(new Set([...expected].filter((part) => part !== 'model silver.more')));
      }),
    );
  });

  test('are none when the order of rows changes that no key brings together, nor when a rule that only counts changes', () => {
    const plain = dataset(BASE, 0, { columns: COLUMN ? [{ ...COLUMN, keyPosition: undefined }] : [] });
    expect(staleParts(plain, source({ order: { by: 'immutable' } })(plain))).toEqual([]);
    const counting = source({ rules: RULE ? [RULE, { ...RULE, id: 'w', severity: 'warning', predicate: 'a < 9' }] : [] })(BASE);
    expect(staleParts(BASE, counting)).toEqual([]);
    expect(staleParts(counting, source({ rules: RULE ? [RULE, { ...RULE, id: 'w', predicate: 'a < 9' }] : [] })(BASE))).toEqual(['contract']);
  });

  test('are none when new files are looked for elsewhere: what was taken stays', () => {
    const tracked = (path: string): Definition => ({ ...BASE, source: { ...BASE.source, path, track: 'new' } as Definition['source'] });
    expect(staleParts(tracked('/in/*.csv'), tracked('/in/**/*.csv'))).toEqual([]);
  });

  test('are none when a model over rows becomes one over history, which a refresh makes, and the model the other way round', () => {
    const history = model('buyers', { scope: 'history' })(BASE);
    expect(staleParts(BASE, history)).toEqual([]);
    expect(staleParts(history, BASE)).toEqual(['model gold.buyers']);
  });
});
