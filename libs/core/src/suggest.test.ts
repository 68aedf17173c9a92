import { listed, nearest, suggest } from './suggest';

describe('suggestions', () => {
  test.each([
    ['destinaton', 'destinations'],
    ['Retries', 'retries'],
    ['souce', 'source'],
    ['wibble', undefined],
    ['x', undefined],
    ['', undefined],
  ])('for %j mean %s', (word, meant) => {
    expect(nearest(word, ['source', 'destinations', 'retries'])).toBe(meant);
  });

  test('name what there is when nothing is near', () => {
    expect([suggest('wibble', ['a_key', 'b_key']), suggest('wibble', [])]).toEqual(['use one of `a_key`, `b_key`.', 'remove it.']);
  });

  test('never list more than twenty names', () => {
    expect(listed(Array.from({ length: 23 }, (_, index) => `n${index}`))).toMatch(/`n19` and 3 more$/);
  });
});
