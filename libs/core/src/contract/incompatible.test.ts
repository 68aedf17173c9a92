import type { ColumnReader } from '../definition/column-readers';
import { formatError } from '../errors';
import { type ReadChange, changeText, incompatibleError } from './incompatible';

function change(changes: Partial<ReadChange>): ReadChange {
  return { kind: 'type', dataset: 'orders', columns: ['amount'], from: 'DOUBLE', to: 'BIGINT', breaks: ['backward'], version: 3, mode: 'BACKWARD', breaking: true, readers: [], ...changes };
}

const reader = (n: number, certain = true): ColumnReader => ({ pipeline: 'shop', model: `gold.m${n}`, place: `models/gold/m${n}.sql:1:8`, column: 'bronze.orders.amount', certain, lost: false });

test('the error names the change, its place, the version and who reads it', () => {
  const text = 'schema:\n  - name: orders\n    properties:\n      - { name: id, logicalType: integer }\n      - { name: amount, logicalType: integer }\n';
  const error = incompatibleError([change({ breaking: false, kind: 'default' }), change({ readers: [reader(1), reader(2, false)] }), change({ kind: 'removed', columns: ['note'], from: 'VARCHAR required', to: '', readers: [1, 2, 3, 4, 5].map((n) => reader(n)) })], { path: 'contract.odcs.yaml', text });
  expect(error && formatError(error)).toBe(`CONTRACT_INCOMPATIBLE  contract.odcs.yaml:5:17
  The contract of \`orders\` changes what its mode BACKWARD forbids since version 3: orders.amount: type DOUBLE → BIGINT, and 1 more.
    orders.amount: type DOUBLE → BIGINT; read by shop gold.m1 (models/gold/m1.sql:1:8), shop gold.m2 (models/gold/m2.sql:1:8, perhaps)
    orders.note: removed (VARCHAR required); read by shop gold.m1 (models/gold/m1.sql:1:8), shop gold.m2 (models/gold/m2.sql:1:8), shop gold.m3 (models/gold/m3.sql:1:8) and 2 more
  Fix: Leave what was and add what is new beside it, optional or with a \`weirDefault\`; or put it into a dataset of another name. Whoever agreed with the readers states another \`weirCompatibility\` for \`orders\`, such as NONE.`);
});

test('what is gone has the place of its dataset, and what no mode forbids is no error', () => {
  expect(incompatibleError([change({ columns: ['gone'] })], { path: 'c.yaml', text: 'schema:\n  - name: orders\n' })?.place).toBe('c.yaml:2:11');
  expect(incompatibleError([change({ breaking: false })])).toBeUndefined();
});

test.each<[Partial<ReadChange>, string]>([
  [{ kind: 'added', from: '', to: 'BIGINT required' }, 'orders.amount: added (BIGINT required)'],
  [{ kind: 'required', from: 'optional', to: 'required' }, 'orders.amount: optional → required'],
  [{ kind: 'key', columns: ['id', 'line'], from: 'id', to: 'id, line' }, 'orders: key id → id, line'],
  [{ kind: 'header', from: 'Amount', to: 'amount' }, 'orders.amount: header Amount → amount'],
])('a change of kind %o reads %s', (changes, text) => {
  expect(changeText(change(changes))).toBe(text);
});
