import type { ContractChange } from '@weir/rpc';
import { contractLines, isBreaking } from './contract-lines';

// eslint-disable-next-line no-control-regex
const plain = (lines: readonly string[]) => lines.join('\n').replace(/\u001b\[\d+m/g, '');

function change(changes: Partial<ContractChange>): ContractChange {
  return { dataset: 'orders', kind: 'type', columns: ['amount'], before: 'BIGINT', after: 'DOUBLE', breaks: ['forward'], version: 3, mode: 'BACKWARD', breaking: false, readers: [], ...changes };
}

const reader = (changes: Partial<ContractChange['readers'][number]>) => ({ pipeline: 'shop', version: 0, model: 'gold.x', place: 'models/gold/x.sql:1:8', column: 'bronze.orders.amount', certain: true, lost: false, ...changes });

const diff = (contract: readonly ContractChange[], compiles = true) => ({ pipeline: 'shop', contract, compiles });

test('each change says what it breaks and what its mode says to that, then who reads it and where', () => {
  const readers = [reader({}), reader({ version: 3, model: 'gold.old', place: 'models/gold/old.sql:2:1' }), reader({ pipeline: 'report', version: 7, certain: false })];
  const lines = contractLines(diff([change({ readers }), change({ kind: 'required', before: 'optional', after: 'required', breaks: ['backward'], breaking: true, readers }), change({ kind: 'added', columns: ['note'], before: '', after: 'VARCHAR optional', breaks: [] }), change({ kind: 'key', columns: ['id', 'note'], before: 'id', after: 'id, note' })]), './p');
  expect(plain(lines)).toBe(`
  contract                  before    after             breaks    mode
  ~ orders.amount type      BIGINT    DOUBLE            forward   BACKWARD takes it (since version 3)
  ~ orders.amount required  optional  required          backward  BACKWARD refuses it (since version 3)
  + orders.note                       VARCHAR optional  nothing   BACKWARD takes it (since version 3)
  ~ orders key              id        id, note          forward   BACKWARD takes it (since version 3)

  column         pipeline          read by             at
  orders.amount  shop              gold.x              p/models/gold/x.sql:1:8
  orders.amount  shop version 3    gold.old            models/gold/old.sql:2:1
  orders.amount  report version 7  gold.x may read it  models/gold/x.sql:1:8

  CONTRACT_INCOMPATIBLE  One change is what the mode of the dataset forbids: apply refuses the contract.`);
});

test('what no mode forbids may be, and no change is no line', () => {
  expect(plain(contractLines(diff([change({})]), 'p'))).toMatch(/The contract may change so\.$/);
  expect(contractLines(diff([]), 'p')).toEqual([]);
  expect([isBreaking(diff([])), isBreaking(diff([change({})])), isBreaking(diff([change({}), change({ breaking: true })]))]).toEqual([false, false, true]);
});

test('a column that goes breaks what reads it: models of the folder that do not compile, and models of other pipelines that lose it', () => {
  const gone = (...readers: ContractChange['readers']) => [change({ kind: 'removed', after: '', breaks: [], readers })];
  const foreign = reader({ pipeline: 'report', version: 2, lost: true });
  expect([isBreaking(diff(gone(reader({})))), isBreaking(diff(gone(reader({})), false)), isBreaking(diff(gone(foreign))), isBreaking(diff([change({ readers: [foreign] })]))]).toEqual([false, true, true, false]);
  const text = plain(contractLines(diff(gone(foreign)), 'p'));
  expect(text).toContain('report version 2  gold.x loses it');
  expect(text).toMatch(/One model reads a column that goes: change it first\.$/);
});

test('many readers are drawn in part', () => {
  const many = Array.from({ length: 45 }, (_, n) => reader({ model: `gold.m${n}` }));
  const text = plain(contractLines(diff([change({ readers: many })]), 'p'));
  expect(text).toContain('gold.m29 ');
  expect(text).not.toContain('gold.m30 ');
  expect(text).toContain('and 15 more: --json has all');
});
