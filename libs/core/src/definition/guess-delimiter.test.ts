import { guessDelimiter } from './guess-delimiter';

const by = (text: string) => guessDelimiter((delimiter) => ({ delimiter, header: text.split(delimiter) }))?.delimiter;

test.each([
  ['id;name;price, net', ';'],
  ['id\tname', '\t'],
  ['id|name|a,b', '|'],
  ['id,name;net,x', ','],
  // As many by two: the likelier one.
  ['id,name;net', ','],
  ['id', ','],
])('%j', (text, delimiter) => {
  expect(by(text)).toBe(delimiter);
});

test('one by which the header cannot be read is none; where it cannot be read by any there is nothing', () => {
  expect(guessDelimiter((delimiter) => (delimiter === ';' ? { header: ['a'] } : undefined))).toEqual({ header: ['a'] });
  expect(guessDelimiter(() => undefined)).toBeUndefined();
});
