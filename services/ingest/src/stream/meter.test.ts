import { logRecords } from '../testing/log-records';
import type { Gathered } from './gatherer';
import { Meter } from './meter';

const T0 = Date.parse('2026-01-01T00:00:00Z');

async function gathered(timestamps: readonly number[]): Promise<Gathered> {
  const records = await logRecords(timestamps.map((timestamp, offset) => ({ offset, timestamp })));
  return { parts: [{ partition: 0, records: [records], ranges: [] }], ranges: [{ partition: 0, from: 0, to: timestamps.length, greatestBeforeFrom: 0, greatestBeforeTo: Math.max(...timestamps) }], records: timestamps.length };
}

const accounts = (read: number, quarantined = 0) => ({ read, admitted: read - quarantined, duplicate: 0, quarantined, filtered: 0 });

test('counts since it began, and tells rate and latency of the last ten seconds', async () => {
  const clock = { now: T0 };
  const meter = new Meter(() => clock.now);
  expect(meter.view('joining', [], 0)).toMatchObject({ state: 'joining', read: 0, recordsPerSecond: 0, latencyP50Ms: undefined, newest: '' });
  clock.now = T0 + 20_000;
  meter.loaded(accounts(10, 1), 2, await gathered(Array.from({ length: 10 }, (_, at) => clock.now - 10 * (at + 1))));
  clock.now += 5_000;
  meter.loaded(accounts(90), 0, await gathered(Array.from({ length: 90 }, () => clock.now - 7)));
  const view = meter.view('consuming', [0, 2], 5);
  expect(view).toMatchObject({ partitions: [0, 2], lag: 5, read: 100, admitted: 99, quarantined: 1, refused: 2, batches: 2, recordsPerSecond: 10, latencyP50Ms: 7, latencyP99Ms: 90 });
  expect(view.newest).toBe(new Date(clock.now - 7).toISOString());
  clock.now += 10_001;
  expect(meter.view('consuming', [0, 2], 0)).toMatchObject({ read: 100, recordsPerSecond: 0, latencyP50Ms: undefined });
});
