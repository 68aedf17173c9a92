import { type ContractVersion, contractChanges, versionChanges } from './compatibility';
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
  const after: ContractDataset = { ...before, rules: [{ id: 'r', severity: 'critical', type: 'accuracy', predicate: 'id > 0', description: 'positive' }], order: { by: 'immutable' }, drift: { newColumn: 'quarantine' } };
  expect(contractChanges(before, after)).toEqual([]);
});

describe('since earlier versions', () => {
  const versions: ContractVersion[] = [dataset({ name: 'a', type: 'BOOLEAN' }), dataset({ name: 'a' }), dataset({ name: 'a' }, { name: 'c' }), dataset({ name: 'b' })].map((one, index) => ({ version: index + 1, dataset: one }));
  const since = (earlier: readonly ContractVersion[], compatibility?: ContractDataset['compatibility']) => versionChanges(earlier, { ...dataset({ name: 'a', type: 'DATE' }), compatibility }).map(({ version, kind, from, mode, breaking }) => [version, kind, from, mode, breaking]);

  test('all changes of the newest one are named, and which of them the mode forbids; without a mode it is BACKWARD', () => {
    expect(since(versions)).toEqual([[4, 'removed', 'BIGINT optional', 'BACKWARD', false], [4, 'added', '', 'BACKWARD', false]]);
    expect(since(versions.slice(0, 1))).toEqual([[1, 'type', 'BOOLEAN', 'BACKWARD', true]]);
    expect(since(versions.slice(0, 1), 'NONE')).toEqual([[1, 'type', 'BOOLEAN', 'NONE', false]]);
    expect(since([])).toEqual([]);
  });

  test('a transitive mode adds what it forbids since older ones, the newest first and each once', () => {
    expect(since(versions, 'BACKWARD_TRANSITIVE').slice(2)).toEqual([[3, 'type', 'BIGINT', 'BACKWARD_TRANSITIVE', true], [1, 'type', 'BOOLEAN', 'BACKWARD_TRANSITIVE', true]]);
  });
});
