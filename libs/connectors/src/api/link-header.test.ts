import { nextLink } from './link-header';

// Forms of RFC 8288, section 3, and of servers that are known for theirs.
test.each<[string | string[] | undefined, string | undefined]>([
  ['<https://api.example.com/x?page=2>; rel="next"', 'https://api.example.com/x?page=2'],
  ['<https://api.example.com/x?page=1>; rel="prev", <https://api.example.com/x?page=3>; rel="next", <https://api.example.com/x?page=9>; rel="last"', 'https://api.example.com/x?page=3'],
  ['</x?page=2>;rel=next', '/x?page=2'],
  ['<?page=2> ; title="a, <b>; rel=\\"next\\"" ; REL = "last NEXT"', '?page=2'],
  ['<a>; rel="previous",\t<b>; rel="next"; rel="prev"', 'b'],
  ['<a>; rel="prev"; rel="next"', undefined],
  ['<a,b;c>; rel="next"', 'a,b;c'],
  ['<a>; rel="next"; anchor="/other"', undefined],
  ['<a>; rel="next-archive"', undefined],
  ['<a>; rev="next"', undefined],
  ['<a>', undefined],
  ['<a', undefined],
  ['rel="next"', undefined],
  ['', undefined],
  [', ,<a>;;rel=next', 'a'],
  ['<a>; rel="next', 'a'],
  [['<a>; rel="prev"', '<b>; rel="next"'], 'b'],
  [undefined, undefined],
])('%j leads to %j', (header, expected) => {
  expect(nextLink(header)).toBe(expected);
});

test('a long hostile header is read in no time', () => {
  const started = performance.now();
  for (const piece of ['<a>; x="', ';', '<a>;a=', ',<', '"\\']) nextLink(piece.repeat(16_384 / piece.length));
  expect(performance.now() - started).toBeLessThan(1_000);
});
