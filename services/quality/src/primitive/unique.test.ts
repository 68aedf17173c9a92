import { DOUBLES, forAllRows, INTEGERS, TEXTS, withTable, type Cell } from '../testing/check-table';

/** Sizes of the groups of equal keys; in JSON NaN would be null, and -0 is 0 as it is in SQL. */
function groups(keys: readonly (readonly Cell[])[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const key of keys) {
    const text = JSON.stringify(key.map((cell) => (typeof cell === 'number' ? `number ${cell}` : cell)));
    sizes.set(text, (sizes.get(text) ?? 0) + 1);
  }
  return sizes;
}

const beyondFirst = (keys: readonly (readonly Cell[])[]): number => [...groups(keys).values()].reduce((sum, size) => sum + size - 1, 0);
const shared = (keys: readonly (readonly Cell[])[]): number => [...groups(keys).values()].reduce((sum, size) => sum + (size > 1 ? size : 0), 0);

it('counts rows whose value came before, or all that share one; nulls are no values', () =>
  withTable({ v: 'VARCHAR' }, (table) =>
    forAllRows(table, [TEXTS], async (rows) => {
      const present = rows.filter(([v]) => v !== null);
      const first = await table.judge(rows, { kind: 'unique', columns: ['v'] });
      expect(first).toMatchObject({ failed: beyondFirst(present), rows: present.length, passed: beyondFirst(present) === 0 });
      const all = await table.judge(rows, { kind: 'unique', columns: ['v'], count: 'all' }, { atMost: 50, unit: 'percent', of: 'values' });
      expect(all).toMatchObject({ failed: shared(present), passed: shared(present) * 2 <= present.length });
      expect(first.samples.length).toBe(Math.min(5, [...groups(present).values()].filter((size) => size > 1).length));
    }),
  ));

it('takes percent of all rows where nothing else is said', () =>
  withTable({ v: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS], async (rows) => {
      const failing = beyondFirst(rows.filter(([v]) => v !== null));
      expect((await table.judge(rows, { kind: 'unique', columns: ['v'] }, { atMost: 25, unit: 'percent' })).passed).toBe(failing * 4 <= rows.length);
    }),
  ));

it('compares several columns together, and leaves out the rows that it is told to', () =>
  withTable({ a: 'BIGINT', b: 'VARCHAR' }, (table) =>
    forAllRows(table, [INTEGERS, TEXTS], async (rows) => {
      const counted = async (skip: 'any' | 'all' | 'none'): Promise<number | undefined> => (await table.judge(rows, { kind: 'unique', columns: ['a', 'b'], skip })).failed;
      expect(await counted('any')).toBe(beyondFirst(rows.filter((row) => row.every((cell) => cell !== null))));
      expect(await counted('all')).toBe(beyondFirst(rows.filter((row) => row.some((cell) => cell !== null))));
      expect(await counted('none')).toBe(beyondFirst(rows));
    }),
  ));

it('takes NaN for equal to itself, as the engine groups it', () =>
  withTable({ v: 'DOUBLE' }, (table) =>
    forAllRows(table, [DOUBLES], async (rows) => {
      expect((await table.judge(rows, { kind: 'unique', columns: ['v'] })).failed).toBe(beyondFirst(rows.filter(([v]) => v !== null)));
    }),
  ));

it('shows the values that occur more than once, the most frequent first, and where the first row is', () =>
  withTable({ v: 'VARCHAR' }, async (table) => {
    const outcome = await table.judge([['x'], ['y'], ['x'], ['y'], ['y'], ['z'.repeat(300)], ['z'.repeat(300)]], { kind: 'unique', columns: ['v'] });
    expect(outcome.samples).toEqual(['(y) occurs 3 times, first at 1', '(x) occurs 2 times, first at 0', `(${'z'.repeat(80)}) occurs 2 times, f`]);
  }));
