import { FILES, leftWords, notTaken, positionWords, takeWords, type Take } from './take';

const FIRST: Take = { partition: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z', source: FILES, from: '', to: '', newest: '', left: 0, more: false };
const words = (changes: Partial<Take>): string[] => {
  const take = { ...FIRST, ...changes };
  return [takeWords(take), positionWords(take), leftWords(take)];
};

test.each<[Partial<Take>, string[]]>([
  [{}, ['nothing new', 'no file yet', '']],
  [{ from: '', to: '1', newest: 'a.csv' }, ['1 file', '1 file, the newest a.csv', '']],
  [{ from: '130', to: '142', newest: 'x/2026-01-03.csv', left: 88, more: true }, ['12 files', '142 files, the newest x/2026-01-03.csv', '88 files wait for the next interval']],
  [{ from: '142', to: '142', newest: 'a.csv', left: 1, more: true }, ['nothing new', '142 files, the newest a.csv', '1 file waits for the next interval']],
  [{ source: 'public.orders.id' }, ['nothing new', 'no id yet', '']],
  [{ source: 'public.orders.id', to: '120000', more: true }, ['id up to 120000', 'id 120000', 'more rows wait for the next interval']],
  [{ source: 'public.orders.id', from: '100000', to: '120000' }, ['id above 100000 up to 120000', 'id 120000', '']],
])('%j in words', (changes, expected) => {
  expect(words(changes)).toEqual(expected);
});

test('an interval has taken only under its own grain', () => {
  const hour = { ...FIRST, end: '2026-01-01T01:00:00Z' };
  expect(notTaken([FIRST.partition, FIRST.end], '1d', [FIRST])).toEqual([FIRST.end]);
  expect(notTaken([FIRST.partition, FIRST.end], '1d', [hour])).toEqual([FIRST.partition, FIRST.end]);
});
