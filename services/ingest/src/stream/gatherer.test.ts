import type { Delivery } from '@weir/connectors';
import fc from 'fast-check';
import { logRecords, type Made } from '../testing/log-records';
import { Gatherer, grainsOf, LARGEST_BATCH, MAX_RECORD_BYTES } from './gatherer';

const HOUR = 3_600_000;
const T0 = Date.parse('2026-01-01T00:00:00Z');

function record(offset: number, bytes = 10, timestamp = T0): Made {
  return { value: Buffer.alloc(bytes), timestamp, offset };
}

async function deliveryOf(partition: number, records: readonly Made[], next: number): Promise<Delivery> {
  return { partition, records: records.length > 0 ? [await logRecords(records)] : [], next, end: next };
}

const delivery = (partition: number, from: number, count: number, next = from + count): Promise<Delivery> => deliveryOf(partition, Array.from({ length: count }, (_, at) => record(from + at)), next);

test('joins what waits of all partitions, each from where it stood', async () => {
  const gatherer = new Gatherer('1h');
  gatherer.position(0, 5, 0);
  gatherer.position(3, 0, T0 - HOUR);
  await gatherer.add(await delivery(0, 5, 2));
  await gatherer.add(await delivery(3, 0, 3));
  await gatherer.add(await delivery(0, 7, 1, 9));
  const gathered = gatherer.take();
  expect(gathered?.records).toBe(6);
  expect(gathered?.ranges).toEqual([
    { partition: 0, from: 5, to: 9, greatestBeforeFrom: 0, greatestBeforeTo: T0 },
    { partition: 3, from: 0, to: 3, greatestBeforeFrom: T0 - HOUR, greatestBeforeTo: T0 },
  ]);
  expect(gatherer.take()).toBeUndefined();
});

test('moves a position over what holds no records', async () => {
  const gatherer = new Gatherer('1h');
  gatherer.position(0, 5, 0);
  await gatherer.add({ partition: 0, records: [], next: 8, end: 8 });
  expect(gatherer.take()).toMatchObject({ records: 0, parts: [], ranges: [{ from: 5, to: 8 }] });
});

test('gives late records the grain in which they came', async () => {
  const gatherer = new Gatherer('1h');
  gatherer.position(0, 0, 0);
  const times = [T0, T0 + HOUR, T0 + 60_000, T0 + 2 * HOUR];
  await gatherer.add(await deliveryOf(0, times.map((time, offset) => record(offset, 10, time)), 4));
  expect(gatherer.take()?.parts[0]?.ranges.map(({ offset, count, grain }) => [offset, count, grain])).toEqual([[0, 1, '2026-01-01T00:00:00Z'], [1, 2, '2026-01-01T01:00:00Z'], [3, 1, '2026-01-01T02:00:00Z']]);
});

test('begins a range where an offset is missing and where the grain changes', async () => {
  const gatherer = new Gatherer('1h');
  gatherer.position(1, 3, 0);
  const times = [[3, T0], [4, T0], [6, T0], [7, T0 + HOUR], [8, T0 + HOUR]] as const;
  await gatherer.add(await deliveryOf(1, times.map(([offset, time]) => record(offset, 10, time)), 9));
  expect(gatherer.take()?.parts[0]?.ranges).toEqual([
    { partition: 1, offset: 3, count: 2, grain: '2026-01-01T00:00:00Z' },
    { partition: 1, offset: 6, count: 1, grain: '2026-01-01T00:00:00Z' },
    { partition: 1, offset: 7, count: 2, grain: '2026-01-01T01:00:00Z' },
  ]);
});

test('says of which grains the records of a batch are, in as few ranges as there are grains', async () => {
  const gatherer = new Gatherer('1h');
  gatherer.position(0, 0, 0);
  gatherer.position(1, 3, 0);
  await gatherer.add(await delivery(0, 0, 2));
  const times = [[3, T0], [4, T0], [6, T0], [7, T0 + HOUR], [8, T0 + HOUR]] as const;
  await gatherer.add(await deliveryOf(1, times.map(([offset, time]) => record(offset, 10, time)), 9));
  expect(grainsOf(gatherer.take() ?? { parts: [] })).toEqual([
    { partition: 0, offset: 0, count: 2, grain: '2026-01-01T00:00:00Z' },
    { partition: 1, offset: 3, count: 4, grain: '2026-01-01T00:00:00Z' },
    { partition: 1, offset: 7, count: 2, grain: '2026-01-01T01:00:00Z' },
  ]);
});

test('a record that is too large to travel does not fill a batch', async () => {
  const gatherer = new Gatherer('1h');
  gatherer.position(0, 0, 0);
  await gatherer.add(await deliveryOf(0, [record(0, MAX_RECORD_BYTES + 1), record(1), record(2)], 3));
  expect(gatherer.take()?.records).toBe(3);
});

test('holds deliveries back when much waits, and lets them come again', async () => {
  const gatherer = new Gatherer('1h');
  gatherer.position(0, 0, 0);
  let room = false;
  const full = gatherer.add(await delivery(0, 0, 40_001)).then(() => (room = true));
  await Promise.resolve();
  expect(room).toBe(false);
  gatherer.take();
  await Promise.resolve();
  expect(room).toBe(false);
  gatherer.take();
  gatherer.take();
  await full;
  expect(gatherer.waiting).toBeLessThan(20_000);
});

test('what waited for a partition that is gone is let go', async () => {
  const gatherer = new Gatherer('1h');
  gatherer.position(0, 0, 0);
  const full = gatherer.add(await delivery(0, 0, 50_000));
  gatherer.clear();
  await full;
  await gatherer.add(await delivery(0, 0, 10));
  expect(gatherer.take()).toBeUndefined();
});

test('every record comes once, in order, in batches within the bounds, whose ranges follow each other', async () => {
  const chunk = fc.record({ partition: fc.nat(3), count: fc.nat(30), gap: fc.nat(3), bytes: fc.constantFrom(0, 10, 200_000) });
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 60 }), fc.integer({ min: 1, max: 40 }), async (chunks, most) => {
      const gatherer = new Gatherer('1h');
      const next = new Map([0, 1, 2, 3].map((partition) => [partition, 0]));
      for (const partition of next.keys()) gatherer.position(partition, 0, 0);
      const wanted = new Map<number, number[]>([0, 1, 2, 3].map((partition) => [partition, []]));
      for (const { partition, count, gap, bytes } of chunks) {
        const from = next.get(partition) ?? 0;
        const offsets = Array.from({ length: count }, (_, at) => from + at);
        wanted.get(partition)?.push(...offsets);
        next.set(partition, from + count + gap);
        void gatherer.add(await deliveryOf(partition, offsets.map((offset) => record(offset, bytes)), from + count + gap));
      }
      const found = new Map<number, number[]>([0, 1, 2, 3].map((partition) => [partition, []]));
      const at = new Map([0, 1, 2, 3].map((partition) => [partition, 0]));
      for (let gathered = gatherer.take(most); gathered; gathered = gatherer.take(most)) {
        expect(gathered.records).toBeLessThanOrEqual(most);
        const all = gathered.parts.flatMap(({ records }) => records.flatMap((some) => [...some]));
        expect(gathered.records).toBe(all.length);
        const bytes = all.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
        expect(bytes).toBeLessThan(LARGEST_BATCH.bytes + 200_000);
        for (const { partition, from, to } of gathered.ranges) {
          expect(from).toBe(at.get(partition));
          at.set(partition, to);
        }
        for (const { partition, records } of gathered.parts) found.get(partition)?.push(...records.flatMap((some) => [...some].map(({ offset }) => offset)));
      }
      expect(found).toEqual(wanted);
      expect([...at]).toEqual([...next]);
    }),
  );
});
