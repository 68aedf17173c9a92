import fc from 'fast-check';
import { type Row, compareRows } from './compare-rows';

const row = (values: Record<string, string | null>): Row => new Map(Object.entries(values));
const compare = (expected: Record<string, string | null>[], actual: Record<string, string | null>[], options = {}) =>
  compareRows(expected.map(row), actual.map(row), { ordered: false, key: [], ...options }).map((difference) => [difference.kind, ...(difference.kind === 'changed' ? difference.columns : [])]);

describe('compareRows', () => {
  test('takes rows in any order, each once, and looks only at columns that are expected', () => {
    expect(compare([{ a: '1' }, { a: '2', b: null }], [{ a: '2', b: null }, { a: '1', b: 'x' }])).toEqual([]);
    expect(compare([{ a: '1' }], [{ a: '1' }, { a: '1' }])).toEqual([['unexpected']]);
    expect(compare([{ a: '1' }, { a: '1' }], [{ a: '1' }])).toEqual([['missing']]);
    expect(compare([{ a: null }], [{ a: '' }])).toEqual([['missing'], ['unexpected']]);
  });

  test('lets a row that fits several give way to one that fits only one of them', () => {
    expect(compare([{ a: '1' }, { b: '2' }], [{ a: '1', b: '2' }, { a: '1', b: '3' }])).toEqual([]);
    expect(compare([{ b: '2' }, { a: '1' }, { a: '1', b: '3' }], [{ a: '1', b: '2' }, { a: '1', b: '3' }, { a: '4', b: '2' }])).toEqual([]);
  });

  test('pairs rows of one key, or that are mostly alike, as one that changed', () => {
    expect(compare([{ id: '1', a: 'x', b: 'y' }], [{ id: '1', a: 'p', b: 'q' }], { key: ['id'] })).toEqual([['changed', 'a', 'b']]);
    expect(compare([{ id: '1', a: 'x', b: 'y' }], [{ id: '2', a: 'x', b: 'y' }], { key: ['id'] })).toEqual([['missing'], ['unexpected']]);
    expect(compare([{ id: '1', a: 'x', b: 'y' }], [{ id: '1', a: 'x', b: 'q' }, { id: '1', a: 'p', b: 'q' }])).toEqual([['changed', 'b'], ['unexpected']]);
  });

  test('compares one by one where the order counts', () => {
    expect(compare([{ a: '1' }, { a: '2' }], [{ a: '2' }, { a: '1' }], { ordered: true })).toEqual([['changed', 'a'], ['changed', 'a']]);
    expect(compare([{ a: '1' }], [{ a: '1' }, { a: '2' }], { ordered: true })).toEqual([['unexpected']]);
  });

  test('agrees with trying all assignments', () => {
    const value = fc.constantFrom('1', '2');
    const expectedRow = fc.record({ a: value, b: value }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(expectedRow, { maxLength: 5 }), fc.array(fc.record({ a: value, b: value }), { maxLength: 5 }), (expected, actual) => {
        expect(compareRows(expected.map((one) => row(one as Record<string, string>)), actual.map(row), { ordered: false, key: [] }).length === 0).toBe(fits(expected, actual));
      }),
      { numRuns: 300 },
    );
  });
});

/** Whether some order of the actual rows fits the expected ones. */
function fits(expected: readonly object[], actual: readonly object[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return actual.length === 0;
  return actual.some((one, index) => Object.entries(first).every(([key, value]) => (one as Record<string, unknown>)[key] === value) && fits(rest, actual.filter((_one, other) => other !== index)));
}
