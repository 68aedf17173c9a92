import { assertEqual, comparisonTable, untilEqual, type Comparison } from './comparison';

const rows = (found: number | undefined): Comparison => ({ what: 'clicks: rows', expected: 1_200, found });

test('numbers are compared until they are the same', async () => {
  const answers = [undefined, 800, 1_200, 1_300];
  const last = await untilEqual(async () => [rows(answers.shift()), { what: 'read', expected: 1, found: 1 }], 60_000, new AbortController().signal);
  expect(last).toEqual([rows(1_200), { what: 'read', expected: 1, found: 1 }]);
  expect(answers).toEqual([1_300]);
});

test('and not longer than is said, or until somebody ends it', async () => {
  expect(await untilEqual(async () => [rows(3)], -1, new AbortController().signal)).toEqual([rows(3)]);
  expect(await untilEqual(async () => [rows(4)], 60_000, AbortSignal.abort())).toEqual([rows(4)]);
});

test('what differs is shown and thrown', () => {
  expect(comparisonTable([rows(1_200), rows(undefined)]).split('\n').map((line) => line.trim().replaceAll(/ +/g, ' '))).toEqual(['generator Weir', 'clicks: rows 1,200 1,200 the same', 'clicks: rows 1,200 – differs']);
  expect(() => assertEqual([rows(1_200)], 'stream/clicks')).not.toThrow();
  expect(() => assertEqual([rows(1_200), rows(7)], 'stream/clicks')).toThrow(expect.objectContaining({ code: 'INTERNAL', place: 'stream/clicks', message: expect.stringContaining('clicks: rows 7 instead of 1200') as unknown }));
});
