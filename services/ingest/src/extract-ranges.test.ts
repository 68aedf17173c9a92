import { readdir } from 'node:fs/promises';
import { registerCodecs, TopicLog } from '@weir/connectors';
import { partitionsOf } from '@weir/core';
import type { LogRange } from '@weir/rpc';
import { until } from '@weir/testkit';
import { HOUR, hour, hours, LogBench, T } from './testing/log-bench';

let bench: LogBench;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(registerCodecs);
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(partitions: number, config: Record<string, string> = {}): Promise<LogBench['send']> {
  bench = await LogBench.open(partitions, config);
  closing.push(() => bench.close());
  return bench.send;
}

describe('ranges', () => {
  const range = (partition: number, from: number, to: number, greatestBeforeFrom = 0): LogRange => ({ partition, from, to, greatestBeforeFrom, greatestBeforeTo: 0 });

  test('in steps give what one range gives, and every step lists what was there before', async () => {
    const send = await open(2);
    const times = [0, 1, 2, 1.5, 3, 2.5, 5, 4, 4.9, 6].map((at) => T + at * HOUR);
    await send([0, 1].flatMap((partition) => times.map((timestamp) => ({ partition, value: `${partition}-${timestamp}`, timestamp: String(timestamp + partition) }))));
    const greatest = (partition: number, before: number): number => Math.max(0, ...times.slice(0, before).map((timestamp) => timestamp + partition));
    const whole = await bench.placesOf(await bench.run({ interval: hours(0, 7), ranges: [range(0, 0, 10), range(1, 0, 10)], mode: 'realtime' }));
    // By the rule, in words: the grain of the greatest time so far.
    expect(whole).toEqual([0, 1].flatMap((partition) => times.map((_, offset) => `${partition}:${offset} ${hour(Math.floor((greatest(partition, offset + 1) - T) / HOUR))}`)).sort());

    for (const [from, to] of [[0, 3], [3, 4], [4, 8], [8, 10]] as const) {
      const result = await bench.run({ interval: hours(0, 7), ranges: [range(0, from, to, greatest(0, from)), range(1, from, to, greatest(1, from))], mode: 'realtime' });
      expect(result.positions).toEqual([0, 1].map((partition) => ({ source: `${bench.topic.name}:${partition}`, value: `${to}@${greatest(partition, to)}` })));
      const { segments, partitions } = await bench.manifestOf(result);
      expect(partitions.map(({ partition }) => partition)).toEqual(partitionsOf(hours(0, 7), '1h'));
      expect(partitions.reduce((sum, { rows }) => sum + rows, 0)).toBe(2 * to);
      expect(result.files).toBe(segments.length - bench.published.length);
      await bench.publish(result);
      if (to === 10) expect(await bench.placesOf(result)).toEqual(whole);
    }
  });

  test('whose last offsets nobody can read end all the same', async () => {
    await open(1);
    const producer = bench.topic.kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: bench.topic.name });
    await producer.connect();
    closing.push(() => producer.disconnect());
    const transact = async (values: readonly string[], end: 'commit' | 'abort') => {
      const transaction = await producer.transaction();
      await transaction.send({ topic: bench.topic.name, messages: values.map((value) => ({ value, timestamp: String(T) })) });
      await transaction[end]();
    };
    await transact(['a'], 'commit');
    await transact(['b', 'c'], 'abort');
    const log = new TopicLog(bench.topic.kafka, bench.topic.name);
    closing.push(() => log.close());
    // An answer to the end of a transaction comes before its marker is in the log.
    await until(async () => (await log.bounds()).get(0)?.end === 5, { timeoutMs: 10_000, what: 'The last marker' });
    const result = await bench.run({ interval: hours(0, 1), ranges: [range(0, 0, 5)], mode: 'realtime' });
    expect(await bench.placesOf(result)).toEqual([`0:0 ${hour(0)}`]);
    expect(result.positions).toEqual([{ source: `${bench.topic.name}:0`, value: `5@${T}` }]);
  });

  test('with a record of a grain that the run does not have are refused', async () => {
    const send = await open(1);
    await send([0, 5].map((at) => ({ value: 'x', timestamp: String(T + at * HOUR) })));
    await expect(bench.run({ interval: hours(0, 1), ranges: [range(0, 0, 2)], mode: 'realtime' })).rejects.toMatchObject({ code: 'INVALID_VALUE', place: `${bench.topic.name}:0:1`, message: expect.stringContaining(hour(5)) });
    expect(await readdir(bench.lake.absolute('tmp'))).toEqual([]);
  });

  test.each([[3, 2], [-1, 1]])('from %i to %i are refused', async (from, to) => {
    await open(1);
    await expect(bench.run({ interval: hours(0, 1), ranges: [range(0, from, to)], mode: 'realtime' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });
});
