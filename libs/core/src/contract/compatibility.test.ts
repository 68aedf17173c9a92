import { type ContractVersion, contractChanges, incompatibilities } from './compatibility';
import type { ContractColumn, ContractDataset } from './contract';

// Whether each change breaks, and in which modes, is held against Apache Avro in tools/servers; here is how changes read.
function dataset(...columns: (Partial<ContractColumn> & { name: string })[]): ContractDataset {
  return { name: 'orders', columns: columns.map((column) => ({ physicalName: column.name, type: 'BIGINT', required: false, ...column })), rules: [], checks: [], order: { by: 'arrival' } };
}

test('a change says what it was, what it is and which way it breaks', () => {
  const before = dataset({ name: 'id', required: true, keyPosition: 1 }, { name: 'gone', required: true, default: 0 }, { name: 'amount' }, { name: 'day', type: 'DATE', format: '%d/%m/%Y' });
  const after = dataset({ name: 'id', required: true, keyPosition: 1 }, { name: 'line', required: true, keyPosition: 2, physicalName: 'Line' }, { name: 'amount', type: 'DOUBLE', required: true, physicalName: 'Amount', default: 1.5 }, { name: 'day', type: 'DATE' });
  expect(contractChanges(before, after)).toEqual([
    { kind: 'removed', dataset: 'orders', columns: ['gone'], from: 'BIGINT required default 0', to: '', breaks: [] },
    { kind: 'added', dataset: 'orders', columns: ['line'], from: '', to: 'BIGINT required', breaks: ['backward'] },
    { kind: 'type', dataset: 'orders', columns: ['amount'], from: 'BIGINT', to: 'DOUBLE', breaks: ['forward'] },
    { kind: 'required', dataset: 'orders', columns: ['amount'], from: 'optional', to: 'required', breaks: ['backward'] },
    { kind: 'default', dataset: 'orders', columns: ['amount'], from: 'none', to: '1.5', breaks: [] },
    { kind: 'header', dataset: 'orders', columns: ['amount'], from: 'amount', to: 'Amount', breaks: [] },
    { kind: 'format', dataset: 'orders', columns: ['day'], from: '%d/%m/%Y', to: 'ISO 8601', breaks: ['backward', 'forward'] },
    { kind: 'key', dataset: 'orders', columns: ['id', 'line'], from: 'id', to: 'id, line', breaks: ['forward'] },
  ]);
});

test('rules, checks and the order of rows are no part of compatibility', () => {
  const before = dataset({ name: 'id', required: true, keyPosition: 1 });
  const after: ContractDataset = { ...before, rules: [{ id: 'r', severity: 'critical', type: 'accuracy', predicate: 'id > 0', description: 'positive' }], order: { by: 'immutable' }, extraFields: 'quarantine' };
  expect(contractChanges(before, after)).toEqual([]);
});

test('a transitive mode names the version that a change is one of, newest first; without a mode it is BACKWARD', () => {
  const versions: ContractVersion[] = [dataset({ name: 'a', type: 'BOOLEAN' }), dataset({ name: 'a' }), dataset({ name: 'b' })].map((one, index) => ({ version: index + 1, dataset: one }));
  const after = dataset({ name: 'a', type: 'DATE' });
  const of = (compatibility?: ContractDataset['compatibility']) => incompatibilities(versions, { ...after, compatibility }).map(({ version, change }) => [version, change.kind, change.from]);
  expect(of()).toEqual([]);
  expect(of('BACKWARD_TRANSITIVE')).toEqual([[2, 'type', 'BIGINT'], [1, 'type', 'BOOLEAN']]);
  expect(incompatibilities([], after)).toEqual([]);
  expect(incompatibilities(versions.slice(0, 1), after).map(({ version }) => version)).toEqual([1]);
});
