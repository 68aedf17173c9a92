import { cut, printable } from './terminal-text';

test('what would move a cursor, colour a line or ring a bell is a dot', () => {
  expect(printable('a\u001b[2Jb\u0007\r\n\u009bc é 漢')).toBe('a·[2Jb····c é 漢');
});

test('only what is too long is cut', () => {
  expect([cut('abcd', 4), cut('abcde', 4), cut('', 4)]).toEqual(['abcd', 'abc…', '']);
});
