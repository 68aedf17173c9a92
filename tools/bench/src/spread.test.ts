import { slopeOf, spreadOf } from './spread';

test('the spread of numbers is by nearest rank, in any order', () => {
  expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ count: 5, p50: 3, p95: 5 });
  expect(spreadOf(Array.from({ length: 100 }, (_, at) => 100 - at))).toEqual({ count: 100, p50: 50, p95: 95 });
  expect(spreadOf([])).toEqual({ count: 0, p50: 0, p95: 0 });
});

test('the slope is that of the straight line nearest to the points', () => {
  expect(slopeOf([[0, 7], [1, 9], [2, 11]])).toBeCloseTo(2);
  // y = 1.4 x + 3.5 is the textbook line through (1, 6), (2, 5), (3, 7), (4, 10).
  expect(slopeOf([[1, 6], [2, 5], [3, 7], [4, 10]])).toBeCloseTo(1.4);
  expect([slopeOf([[3, 4]]), slopeOf([])]).toEqual([0, 0]);
});
