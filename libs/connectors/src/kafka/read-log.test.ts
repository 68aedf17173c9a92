import { testTopic, until, type TestTopic } from '@weir/testkit';
import { CompressionTypes, type Producer, type Transaction } from 'kafkajs';
import { registerCodecs } from './codecs';
import { readLog, type LogSlice } from './read-log';
import { TopicLog } from './topic-log';

beforeAll(registerCodecs);

/** What a topic needs to be closed at the end of a test. */
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function given(partitions = 1, config: Record<string, string> = {}): Promise<{ topic: TestTopic; log: TopicLog }> {
  const topic = await testTopic(partitions, config);
  closing.push(() => topic.drop());
  return { topic, log: opened(topic) };
}

function opened(topic: TestTopic): TopicLog {
  const log = new TopicLog(topic.kafka, topic.name);
  closing.push(() => log.close());
  return log;
}

async function producing(topic: TestTopic, transactionalId?: string): Promise<Producer> {
  const producer = topic.kafka.producer({ idempotent: true, maxInFlightRequests: 1, ...(transactionalId === undefined ? {} : { transactionalId: `${topic.name}-${transactionalId}` }) });
  await producer.connect();
  closing.push(() => producer.disconnect());
  return producer;
}

async function read(log: TopicLog, slice: LogSlice, signal = new AbortController().signal): Promise<[number, string | undefined][]> {
  const found: [number, string | undefined][] = [];
  let next = slice.from;
  for await (const page of readLog(log, slice, signal)) {
    for (const records of page.records) found.push(...[...records].map(({ offset, value }): [number, string | undefined] => [offset, value?.toString()]));
    next = page.next;
  }
  expect(next).toBe(slice.to);
  return found;
}

const end = async (log: TopicLog, partition = 0): Promise<number> => (await log.bounds()).get(partition)?.end ?? -1;

test('a slice has exactly its offsets, wherever batches begin and end', async () => {
  const { topic, log } = await given();
  const producer = await producing(topic);
  const values = Array.from({ length: 60 }, (_, n) => `v${n}`);
  for (let at = 0; at < values.length; at += 7) await producer.send({ topic: topic.name, messages: values.slice(at, at + 7).map((value) => ({ value })) });
  for (const [from, to] of [[0, 60], [3, 4], [5, 23], [59, 60], [7, 7]] as const) {
    expect(await read(log, { partition: 0, from, to })).toEqual(values.slice(from, to).map((value, n) => [from + n, value]));
  }
});

test('more records than a fetch brings come in order, once', async () => {
  const { topic, log } = await given();
  const producer = await producing(topic);
  const value = 'x'.repeat(100_000);
  for (let n = 0; n < 15; n += 1) await producer.send({ topic: topic.name, messages: Array.from({ length: 9 }, (_, at) => ({ value: `${9 * n + at}:${value}` })) });
  const found = await read(log, { partition: 0, from: 0, to: 135 });
  expect(found.map(([offset, text]) => [offset, text?.split(':')[0]])).toEqual(Array.from({ length: 135 }, (_, n) => [n, String(n)]));
});

describe('of transactions', () => {
  test('only what was committed is there, however they lie in each other and whatever keys their records have', async () => {
    const { topic, log } = await given();
    const [one, other, third] = [await producing(topic, 'one'), await producing(topic, 'other'), await producing(topic, 'third')];
    const committed: string[] = [];
    // A key of four zero bytes is what kafkajs takes for the end of an aborted transaction.
    const send = (to: Transaction | Producer, value: string) => to.send({ topic: topic.name, messages: [{ key: Buffer.alloc(4), value }] });
    for (let round = 0; round < 6; round += 1) {
      const [a, b, c] = [await one.transaction(), await other.transaction(), await third.transaction()];
      for (let n = 0; n < 4; n += 1) for (const [name, transaction] of [['a', a], ['b', b], ['c', c]] as const) await send(transaction, `${name}${round}.${n}`);
      const [aborted, alsoAborted, kept] = round % 2 === 0 ? [a, b, c] : [b, c, a];
      await aborted.abort();
      await send(kept, `late${round}`);
      await kept.commit();
      await alsoAborted.abort();
      const name = round % 2 === 0 ? 'c' : 'a';
      committed.push(...[0, 1, 2, 3].map((n) => `${name}${round}.${n}`), `late${round}`);
    }
    // In each round 12 records, a late one and three markers.
    const to = 6 * 16;
    await until(async () => (await end(log)) === to, { timeoutMs: 10_000, what: 'The last marker' });
    const whole = await read(log, { partition: 0, from: 0, to });
    expect(whole.map(([, value]) => value)).toEqual(committed);
    // From everywhere, because the broker lists only the transactions around what it sends.
    for (let from = 1; from < to; from += 1) expect(await read(log, { partition: 0, from, to })).toEqual(whole.filter(([offset]) => offset >= from));
  });

  test('a slice whose last offsets are markers and aborted records ends', async () => {
    const { topic, log } = await given();
    const producer = await producing(topic, 'one');
    const first = await producer.transaction();
    await first.send({ topic: topic.name, messages: [{ value: 'a' }] });
    await first.commit();
    const aborted = await producer.transaction();
    await aborted.send({ topic: topic.name, messages: [{ value: 'no' }, { value: 'neither' }] });
    await aborted.abort();
    await until(async () => (await end(log)) === 5, { timeoutMs: 5_000, what: 'The last marker' });
    expect(await read(log, { partition: 0, from: 0, to: 5 })).toEqual([[0, 'a']]);
    expect(await read(log, { partition: 0, from: 1, to: 2 })).toEqual([]);
  });

  test('an open one ends the log', async () => {
    const { topic, log } = await given();
    const [plain, producer] = [await producing(topic), await producing(topic, 'open')];
    await plain.send({ topic: topic.name, messages: [{ value: 'a' }] });
    const transaction = await producer.transaction();
    await transaction.send({ topic: topic.name, messages: [{ value: 'b' }] });
    await plain.send({ topic: topic.name, messages: [{ value: 'c' }] });
    expect(await end(log)).toBe(1);
    await transaction.commit();
    await until(async () => (await end(log)) === 4, { timeoutMs: 5_000, what: 'The end of the transaction' });
    expect((await read(log, { partition: 0, from: 0, to: 4 })).map(([, value]) => value)).toEqual(['a', 'b', 'c']);
  });
});

test('of a compacted log there is what compaction left, and a slice ends where its last records were taken', async () => {
  const { topic, log } = await given(1, { 'cleanup.policy': 'compact', 'segment.bytes': '1048576', 'min.cleanable.dirty.ratio': '0.001', 'segment.ms': '200', 'delete.retention.ms': '0', 'min.compaction.lag.ms': '0', 'max.compaction.lag.ms': '200' });
  const producer = await producing(topic);
  for (let round = 0; round < 5; round += 1) await producer.send({ topic: topic.name, messages: Array.from({ length: 20 }, (_, n) => ({ key: `k${n % 10}`, value: `${round}.${n}` })) });
  // A record that comes later closes the segment before it, which is then compacted.
  const compacted = await until(
    async () => {
      await producer.send({ topic: topic.name, messages: [{ key: 'tick', value: 'x' }] });
      const found = await read(opened(topic), { partition: 0, from: 0, to: 100 });
      return found.length <= 10 ? found : undefined;
    },
    { timeoutMs: 45_000, what: 'The compaction' },
  );
  expect(compacted.map(([, value]) => value)).toEqual(Array.from({ length: 10 }, (_, n) => `4.${10 + n}`));
  expect(await read(log, { partition: 0, from: 0, to: 80 })).toEqual([]);
  expect(await read(log, { partition: 0, from: 0, to: 95 })).toEqual(compacted.filter(([offset]) => offset < 95));
}, 60_000);

test('a batch that is too large when it is inflated gives a substitute, and what is behind it comes too', async () => {
  const { topic, log } = await given(1, { 'max.message.bytes': '10000000' });
  const producer = await producing(topic);
  for (const value of [Buffer.from('a'), Buffer.alloc(40 * 1024 * 1024), Buffer.from('c')]) await producer.send({ topic: topic.name, compression: CompressionTypes.GZIP, messages: [{ value }] });
  const found: (string | undefined)[] = [];
  for await (const page of readLog(log, { partition: 0, from: 0, to: 3 }, new AbortController().signal)) {
    for (const records of page.records) found.push(...[...records].map(({ poison, value }) => poison?.reason ?? value?.toString()));
  }
  expect(found).toEqual(['a', 'inflated_too_large', 'c']);
});

test('offsets that the log no longer has, or does not have yet, are POSITION_LOST', async () => {
  const { topic, log } = await given();
  const producer = await producing(topic);
  await producer.send({ topic: topic.name, messages: ['a', 'b', 'c'].map((value) => ({ value })) });
  const admin = topic.kafka.admin();
  await admin.connect();
  closing.push(() => admin.disconnect());
  // It knows the leaders only after a question about the topic.
  await admin.fetchTopicOffsets(topic.name);
  await admin.deleteTopicRecords({ topic: topic.name, partitions: [{ partition: 0, offset: '2' }] });
  await expect(read(log, { partition: 0, from: 0, to: 3 })).rejects.toMatchObject({ code: 'POSITION_LOST', place: `${topic.name}:0:0` });
  await expect(read(log, { partition: 0, from: 2, to: 4 })).rejects.toMatchObject({ code: 'POSITION_LOST', message: expect.stringContaining('the log ends at 3') });
  expect(await read(log, { partition: 0, from: 2, to: 3 })).toEqual([[2, 'c']]);
}, 30_000);

test('a reader that is cancelled ends at once', async () => {
  const { topic, log } = await given();
  const producer = await producing(topic);
  await producer.send({ topic: topic.name, messages: [{ value: 'a' }] });
  const stop = new AbortController();
  const cancelled = async (): Promise<void> => {
    // The log has no second record, so that the reader waits for it.
    for await (const { next } of readLog(log, { partition: 0, from: 0, to: 2 }, stop.signal)) if (next === 1) stop.abort();
  };
  const started = performance.now();
  await expect(cancelled()).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - started).toBeLessThan(3_000);
});
