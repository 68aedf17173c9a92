import { withTable } from '../testing/check-table';

it.each([
  [{}, 2],
  [{ names: ['a', 'b'] }, 0],
  [{ names: ['b', 'a', 'c'] }, 1],
  [{ names: ['a'] }, 1],
  [{ names: ['a'], others: true }, 0],
  [{ names: ['c'] }, 3],
  [{ names: ['c'], others: true }, 1],
])('is, for columns a and b and the arguments %j, %i, with and without rows', (args, value) =>
  withTable({ a: 'BIGINT', b: 'VARCHAR' }, async (table) => {
    for (const rows of [[], [[1, 'x']]]) expect(await table.judge(rows, { kind: 'columns', ...args }, { equal: value, unit: 'value' })).toMatchObject({ value, passed: true });
  }),
);
