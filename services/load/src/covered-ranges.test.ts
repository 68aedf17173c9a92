import { coveredRanges } from './covered-ranges';

const name = (partition: number, from: number, to: number, topic = 'clicks'): string => `${topic}:${String(partition).padStart(5, '0')}:${String(from).padStart(20, '0')}-${String(to).padStart(20, '0')}`;

test('neighbours are one range, gaps stay, and what is no segment of the topic is left out', () => {
  const sources = [name(1, 5, 9), name(0, 10, 20), name(0, 0, 10), name(1, 9, 12), name(0, 25, 30), name(0, 0, 99, 'clicks.v2'), 'orders.csv', 'clicks:1:2', name(11, 1, 2)];
  expect(coveredRanges(sources, 'clicks')).toEqual([
    { partition: 0, from: 0, to: 20 },
    { partition: 0, from: 25, to: 30 },
    { partition: 1, from: 5, to: 12 },
    { partition: 11, from: 1, to: 2 },
  ]);
  expect(coveredRanges([], 'clicks')).toEqual([]);
});
