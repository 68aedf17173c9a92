import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { registerCodecs } from '@weir/connectors';
import type { Progress } from '@weir/rpc';
import { CompressionTypes } from 'kafkajs';
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

const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase();

test('a record comes into the raw zone as it was received', async () => {
  const send = await open(1);
  const headers = { traceparent: '00-aa', twice: ['a', 'b'], 'ü': Buffer.from([0xff, 0]) };
  await send([
    { key: 'k', value: '{"a":1}', timestamp: String(T + 1), headers },
    { key: Buffer.from([0, 255]), value: Buffer.from([0, 1, 254]), timestamp: String(T + 2) },
    { key: 'gone', value: null, timestamp: String(T + 3) },
    { key: null, value: '', timestamp: String(T + 4) },
  ]);
  const result = await bench.run({ interval: hours(0, 1) });
  const { dataset, partitions, segments } = await bench.manifestOf(result);
  expect([dataset, partitions]).toEqual(['raw.clicks', [{ partition: hour(0), rows: 4 }]]);
  const [segment] = segments;
  if (!segment) throw new Error('A segment was expected.');
  const base64 = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64');
  const written = JSON.stringify({ traceparent: base64('00-aa'), twice: [base64('a'), base64('b')], 'ü': base64(Buffer.from([0xff, 0])) });
  expect(await bench.rowsOf(segment)).toEqual([
    { kafka_offset: 0, kafka_timestamp: T + 1, key: hex('k'), value: hex('{"a":1}'), headers: written, poison: null },
    { kafka_offset: 1, kafka_timestamp: T + 2, key: '00FF', value: '0001FE', headers: null, poison: null },
    { kafka_offset: 2, kafka_timestamp: T + 3, key: hex('gone'), value: null, headers: null, poison: null },
    { kafka_offset: 3, kafka_timestamp: T + 4, key: null, value: '', headers: null, poison: null },
  ]);
  expect(segment).toMatchObject({ rows: 4, partitions: [hour(0)], source: `${bench.topic.name}:00000:00000000000000000000-00000000000000000004` });
  expect(segment.path).toBe(`raw/clicks/clicks/${segment.sha256.slice(0, 2)}/${segment.sha256}.parquet`);
  await bench.lake.verify(segment);
  expect(result).toMatchObject({ files: 1, bytes: segment.bytes, positions: [{ source: `${bench.topic.name}:0`, value: '4' }] });
  expect(await readdir(bench.lake.absolute('tmp'))).toEqual([]);
});

describe('an interval', () => {
  /** Times that go forth and back over three partitions, some hours without any. */
  const timestamps = (partition: number): number[] => Array.from({ length: 40 }, (_, n) => T + Math.floor(((n + partition) / 4) * HOUR + Math.sin(n * 7 + partition) * 2.5 * HOUR + 3 * HOUR));

  test('has the offsets that Kafka gives for its times, and each grain is the same in wide and narrow runs, though times go back', async () => {
    const send = await open(3);
    await send([0, 1, 2].flatMap((partition) => timestamps(partition).map((timestamp) => ({ partition, value: 'x', timestamp: String(timestamp) }))));
    const admin = bench.topic.kafka.admin();
    await admin.connect();
    closing.push(() => admin.disconnect());
    const from = await Promise.all(Array.from({ length: 17 }, (_, n) => admin.fetchTopicOffsetsByTimestamp(bench.topic.name, T + n * HOUR)));
    const expected = [0, 1, 2].flatMap((partition) =>
      Array.from({ length: 16 }, (_, n) => {
        const at = (of: number): number => Number(from[of]?.find((answer) => answer.partition === partition)?.offset);
        return Array.from({ length: at(n + 1) - at(n) }, (_unused, more) => `${partition}:${at(n) + more} ${hour(n)}`);
      }).flat(),
    );
    expect(expected.length).toBeGreaterThan(100);
    expect(await bench.placesOf(await bench.run({ interval: hours(0, 16) }))).toEqual(expected.sort());
    const narrow = [];
    for (let n = 0; n < 16; n += 1) narrow.push(...(await bench.placesOf(await bench.run({ interval: hours(n, n + 1) }))));
    expect(narrow.sort()).toEqual(expected.sort());
  });

  test('lists every grain, also those without records', async () => {
    const send = await open(2);
    await send([{ partition: 1, value: 'x', timestamp: String(T + 2 * HOUR) }]);
    expect((await bench.manifestOf(await bench.run({ interval: hours(0, 4) }))).partitions).toEqual([0, 0, 1, 0].map((rows, n) => ({ partition: hour(n), rows })));
    expect(await bench.manifestOf(await bench.run({ interval: hours(8, 10) }))).toEqual({ dataset: 'raw.clicks', partitions: [{ partition: hour(8), rows: 0 }, { partition: hour(9), rows: 0 }], segments: [] });
  });

  test('is the same content when it is extracted again', async () => {
    const send = await open(2);
    await send(Array.from({ length: 500 }, (_, n) => ({ partition: n % 2, value: `v${n}`, timestamp: String(T + n * 10_000) })));
    const [one, other] = [await bench.run({ interval: hours(0, 2) }), await bench.run({ interval: hours(0, 2) })];
    expect((await bench.manifestOf(one)).segments).toHaveLength(4);
    expect((await bench.manifestOf(other)).segments).toEqual((await bench.manifestOf(one)).segments);
  });

  test('of which the topic may have lost records is POSITION_LOST, unless they cannot have been of it', async () => {
    const now = Math.floor(Date.now() / HOUR) * HOUR - T;
    const at = (hoursAgo: number): number => now / HOUR - hoursAgo;
    const send = await open(1, { 'retention.ms': String(10 * HOUR) });
    await send([30, 20, 3, 2].map((ago) => ({ value: 'x', timestamp: String(T + at(ago) * HOUR) })));
    const admin = bench.topic.kafka.admin();
    await admin.connect();
    closing.push(() => admin.disconnect());
    await admin.fetchTopicOffsets(bench.topic.name);
    await admin.deleteTopicRecords({ topic: bench.topic.name, partitions: [{ partition: 0, offset: '2' }] });
    await expect(bench.run({ interval: hours(at(20), at(19)) })).rejects.toMatchObject({ code: 'POSITION_LOST', message: expect.stringContaining('partition 0 begins at offset 2'), fix: expect.stringContaining('from raw') });
    expect(await bench.placesOf(await bench.run({ interval: hours(at(3), at(2)) }))).toEqual([`0:2 ${hour(at(3))}`]);
  });

  test('without its topic is TOPIC_MISSING; of a realtime pipeline it is refused', async () => {
    await open(1);
    await expect(bench.run({ interval: hours(0, 1), mode: 'realtime' })).rejects.toMatchObject({ code: 'INVALID_VALUE', fix: expect.stringContaining('--from raw') });
    await expect(bench.run({ interval: hours(0, 1), topic: `${bench.topic.name}-not` })).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
  });
});

test('a record above 1 MiB keeps its bytes and is poison, and so is what cannot be inflated', async () => {
  const send = await open(1, { 'max.message.bytes': '20000000' });
  const large = Buffer.alloc(10 * 1024 * 1024, 'large ');
  await send([{ value: Buffer.alloc(1024 * 1024), timestamp: String(T) }]);
  await send([{ value: large, timestamp: String(T) }]);
  await send([{ value: Buffer.alloc(40 * 1024 * 1024), timestamp: String(T) }], CompressionTypes.GZIP);
  await send([{ value: 'small', timestamp: String(T) }]);
  const [segment] = (await bench.manifestOf(await bench.run({ interval: hours(0, 1) }))).segments;
  if (!segment) throw new Error('A segment was expected.');
  const rows = await bench.rowsOf(segment);
  expect(rows.map(({ poison }) => poison)).toEqual([null, 'too_large', 'inflated_too_large', null]);
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  expect(sha256(Buffer.from(rows[1]?.value ?? '', 'hex'))).toBe(sha256(large));
  // The batch as the log has it: offset 2, format 2, gzip.
  const batch = Buffer.from(rows[2]?.value ?? '', 'hex');
  expect([batch.readBigInt64BE(0), batch.readInt8(16), batch.readInt16BE(21) & 7]).toEqual([2n, 2, 1]);
  expect(rows[3]?.value).toBe(hex('small'));
}, 30_000);

test('segments are closed at 64 MiB', async () => {
  const send = await open(1, { 'max.message.bytes': '20000000' });
  const bytes = Buffer.alloc(900_000, 'x');
  for (let n = 0; n < 10; n += 1) await send(Array.from({ length: 10 }, () => ({ value: bytes, timestamp: String(T) })));
  const { segments, partitions } = await bench.manifestOf(await bench.run({ interval: hours(0, 1) }));
  expect(partitions).toEqual([{ partition: hour(0), rows: 100 }]);
  // 75 records of 900,000 bytes are the first to be more than 64 MiB.
  expect(segments.map(({ rows, source }) => [rows, source?.slice(bench.topic.name.length)])).toEqual([
    [75, ':00000:00000000000000000000-00000000000000000075'],
    [25, ':00000:00000000000000000075-00000000000000000100'],
  ]);
}, 60_000);

test('cancel ends the work within seconds; nothing is listed and no temporary file is left', async () => {
  const send = await open(1);
  for (let n = 0; n < 40; n += 1) await send(Array.from({ length: 1_000 }, () => ({ value: Buffer.alloc(900), timestamp: String(T) })));
  const stop = new AbortController();
  let aborted = 0;
  const report = ({ step, done }: Progress): void => {
    if (step !== 'read records' || done === 0 || stop.signal.aborted) return;
    aborted = performance.now();
    stop.abort();
  };
  await expect(bench.run({ interval: hours(0, 1), signal: stop.signal, report })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - aborted).toBeLessThan(5_000);
  expect(await readdir(join(bench.folder.path, 'lake'))).toEqual(['tmp']);
  expect(await readdir(bench.lake.absolute('tmp'))).toEqual([]);
});

test('progress counts offsets up to all of them', async () => {
  const send = await open(2);
  await send(Array.from({ length: 10 }, (_, n) => ({ partition: n % 2, value: 'x', timestamp: String(T) })));
  const seen: Progress[] = [];
  await bench.run({ interval: hours(0, 1), report: (progress) => void seen.push(progress) });
  expect(seen.at(-1)).toEqual({ step: 'read records', done: 10, total: 10 });
});
