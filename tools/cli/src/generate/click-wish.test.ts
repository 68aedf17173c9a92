import { clickWish } from './click-wish';

const START = 1_700_000_000_000;

test('what is not said is the default: a minute of clicks of a site of their own', () => {
  const { options, count } = clickWish({}, START);
  expect(options).toMatchObject({ startMs: START, rate: 1_000, seed: 1, bad: 0.01 });
  expect(count).toBe(60_000);
  expect(clickWish({}, START + 1).options.site).not.toBe(options.site);
});

test('what is said counts', () => {
  expect(clickWish({ rate: '5000', seconds: '0.5', bad: '0.2', site: 'mine', seed: '7', disorderSeconds: '3' }, START)).toMatchObject({ count: 2_500, options: { rate: 5_000, bad: 0.2, site: 'mine', seed: 7, disorderSeconds: 3 } });
  expect(clickWish({ count: '12' }, START).count).toBe(12);
});

test.each([
  ['a rate that is no number', { rate: 'fast' }, '--rate'],
  ['a share that is none', { bad: '2' }, undefined],
  ['no time', { seconds: '0' }, '--seconds'],
  ['a part of a record', { count: '1.5' }, '--count'],
  ['both ways to say how many', { count: '10', seconds: '10' }, '--count'],
  ['a negative number', { disorderSeconds: '-1' }, '--disorder-seconds'],
])('%s is refused', (_, words, place) => {
  expect(() => clickWish(words, START)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', place }));
});
