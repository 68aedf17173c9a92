import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { readLog, registerCodecs, TopicLog } from '@weir/connectors';
import { CSV_LAYOUT, type Definition } from '@weir/core';
import { Lake } from '@weir/lake';
import { StageGate } from '@weir/platform';
import { connect, DefinitionServiceService, serve, unary, type Clients, type GetDefinitionRequest, type GetDefinitionResponse, type PushRecord, type PushRequest, type PushResponse, type RpcServer } from '@weir/rpc';
import { tempDir, testTopic, until, type TempDir, type TestTopic } from '@weir/testkit';
import { AnsweredKeys } from './answered-keys';
import type { TimedMessage } from './producers';
import { pushBatches } from './push-batches';
import { services } from './rpc';
import { dependenciesOf } from './testing/dependencies';
import { logDefinition } from './testing/topics';

const T = Date.parse('2026-01-01T00:00:00Z');

let folder: TempDir;
let far: RpcServer;
let ingest: RpcServer;
let near: Clients;
let clients: Clients;
let definition: Definition;
let topic: TestTopic;
let dependencies: ReturnType<typeof dependenciesOf>;

beforeAll(async () => {
  registerCodecs();
  const definitions = { getDefinition: unary(async ({ pipeline }: GetDefinitionRequest): Promise<GetDefinitionResponse> => ({ pipeline, version: 7, definitionJson: JSON.stringify(definition) })) };
  far = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: [[DefinitionServiceService, definitions]] });
  far.setReady(true);
  near = connect({ metadata: `127.0.0.1:${far.port}` });
  folder = await tempDir();
  dependencies = dependenciesOf(near, new Lake(join(folder.path, 'lake')), process.env['WEIR_TEST_KAFKA']?.split(','));
  ingest = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services(dependencies, new StageGate(1)) });
  ingest.setReady(true);
  clients = connect({ ingest: `127.0.0.1:${ingest.port}` });
});
afterAll(async () => {
  clients.close();
  await ingest.drain(5_000);
  await dependencies.close();
  near.close();
  await far.drain(5_000);
  await folder.dispose();
});
beforeEach(async () => {
  topic = await testTopic(3, { 'max.message.bytes': '2000000' });
  definition = logDefinition(topic.name);
});
afterEach(() => topic.drop());

function record(changes: Partial<PushRecord> & { readonly text?: string } = {}): PushRecord {
  const { text = '{}', ...more } = changes;
  return { key: Buffer.from('k'), value: Buffer.from(text), headers: {}, timestamp: T, ...more };
}

/** Messages of so many records each. */
async function* messages(idempotencyKey: string, records: readonly PushRecord[], each = 500): AsyncGenerator<PushRequest> {
  for (let at = 0; at === 0 || at < records.length; at += each) yield { pipeline: at === 0 ? 'clicks' : '', idempotencyKey: at === 0 ? idempotencyKey : '', records: records.slice(at, at + each) };
}

const push = (key: string, records: readonly PushRecord[], each?: number): Promise<PushResponse> => clients.ingest.push(messages(key, records, each));

interface Got {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** All that the topic has. */
async function inTopic(): Promise<Got[]> {
  const log = new TopicLog(topic.kafka, topic.name);
  try {
    const got: Got[] = [];
    for (const [partition, { start, end }] of await log.bounds()) {
      for await (const { records } of readLog(log, { partition, from: start, to: end }, new AbortController().signal)) {
        for (const { offset, key, value, timestamp, headers } of records.flatMap((some) => [...some])) {
          const text = Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, String(header)]));
          got.push({ partition, offset, key: key && String(key), value: value && String(value), timestamp, headers: text });
        }
      }
    }
    return got;
  } finally {
    await log.close();
  }
}

test('records are in the topic as they were sent, each with the call that brought it, when the answer comes', async () => {
  const records = [record({ text: 'a', headers: { h: Buffer.from('x') } }), record({ value: undefined }), record({ key: Buffer.alloc(0), text: 'c', timestamp: T + 5 }), record({ text: '', timestamp: 0 })];
  const before = Date.now();
  const answer = await push('call-1', records);
  const got = await inTopic();
  const own = got.toSorted((one, other) => (one.headers['weir-push'] ?? '').localeCompare(other.headers['weir-push'] ?? ''));
  expect(own.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual([
    { key: 'k', value: 'a', headers: { h: 'x', 'weir-push': 'call-1/0' } },
    { key: 'k', value: null, headers: { 'weir-push': 'call-1/1' } },
    { key: null, value: 'c', headers: { 'weir-push': 'call-1/2' } },
    { key: 'k', value: '', headers: { 'weir-push': 'call-1/3' } },
  ]);
  expect(own.slice(0, 3).map(({ timestamp }) => timestamp)).toEqual([T, T, T + 5]);
  expect(own[3]?.timestamp).toBeGreaterThanOrEqual(before);
  const positions = [...new Set(got.map(({ partition }) => partition))].map((partition) => {
    const there = got.filter((one) => one.partition === partition);
    return { partition, next: Math.max(...there.map(({ offset }) => offset)) + 1, greatestTimestamp: Math.max(...there.map(({ timestamp }) => timestamp)) };
  });
  expect(answer).toEqual({ records: 4, positions, repeatedKey: false });
});

test('records without a trace of their own get that of the call', async () => {
  const own = Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  const batches = pushBatches(messages('traced', [record(), record({ headers: { traceparent: own } })]), { idempotencyKey: 'traced', traceparent: '00-aa-bb-01', now: Date.now });
  const { value: batch = [] } = (await batches.next()) as { value?: TimedMessage[] };
  expect(batch.map(({ headers }) => String(headers['traceparent']))).toEqual(['00-aa-bb-01', String(own)]);
});

test('records of one key stay in one partition and in their order, over many messages and batches', async () => {
  const records = Array.from({ length: 5_000 }, (_, n) => record({ key: Buffer.from(`k${n % 7}`), text: String(n) }));
  expect(await push('many', records, 333)).toMatchObject({ records: 5_000 });
  const got = await inTopic();
  expect(got).toHaveLength(5_000);
  for (let key = 0; key < 7; key += 1) {
    const own = got.filter((one) => one.key === `k${key}`);
    expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
    expect(own.map(({ value }) => Number(value))).toEqual(Array.from({ length: own.length }, (_, n) => 7 * n + key));
  }
});

test('a call that is repeated with its key gets the first answer, and writes nothing', async () => {
  const first = await push('once', [record({ text: 'a' }), record({ text: 'b' })]);
  expect(await push('once', [record({ text: 'a' }), record({ text: 'b' })])).toEqual({ ...first, repeatedKey: true });
  expect((await inTopic()).map(({ value }) => value)).toEqual(['a', 'b']);
  expect(await push('twice', [record({ text: 'a' })])).toMatchObject({ records: 1, repeatedKey: false });
});

test('calls with the same key at the same time write once', async () => {
  const records = Array.from({ length: 2_000 }, (_, n) => record({ text: String(n) }));
  const answers = await Promise.all(Array.from({ length: 5 }, () => push('together', records)));
  expect(answers.filter(({ repeatedKey }) => !repeatedKey)).toHaveLength(1);
  expect(new Set(answers.map(({ positions }) => JSON.stringify(positions))).size).toBe(1);
  expect(await inTopic()).toHaveLength(2_000);
});

test('a call that failed is as if it had not been: the next one with its key does the work', async () => {
  await expect(push('again', [record({ timestamp: -1 })])).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  expect(await push('again', [record()])).toMatchObject({ records: 1, repeatedKey: false });
});

describe('refuses', () => {
  const large = Buffer.alloc(1024 * 1024 - 1);
  test.each<[string, PushRecord, RegExp]>([
    ['a record above 1 MiB', record({ value: Buffer.concat([large, Buffer.from('x')]) }), /Record 1 has 1048577 bytes/],
    ['neither key nor value', record({ key: Buffer.alloc(0), value: undefined }), /Record 1 has neither key nor value/],
    ['a header of its own name', record({ headers: { 'weir-push': Buffer.from('x') } }), /Record 1 has a header `weir-push`/],
    ['a time before 1970', record({ timestamp: -5 }), /Record 1 has the timestamp -5/],
    ['a time without a year', record({ timestamp: 253_402_300_800_000 }), /Record 1 has the timestamp/],
    ['very many headers', record({ headers: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`h${n}`, Buffer.alloc(0)])) }), /Record 1 has more than 100 headers/],
  ])('%s', async (title, bad, message) => {
    await expect(push(`bad-${title.replaceAll(' ', '-')}`, [record(), bad])).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringMatching(message) });
  });

  test.each(['', 'a b', 'x'.repeat(201)])('the idempotency key %j', async (key) => {
    await expect(push(key, [record()])).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('is no idempotency key') });
  });

  test('a call of more than 64 MiB, and takes one of less', async () => {
    const records = Array.from({ length: 64 }, () => record({ value: large }));
    expect(await push('enough', records, 3)).toMatchObject({ records: 64 });
    await expect(push('too-much', [...records, record({ value: Buffer.alloc(200) })], 3)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('67108864 bytes') });
  }, 60_000);

  test('a pipeline that reads no topic, and a call without a message', async () => {
    definition = { ...definition, source: { type: 'file', dataset: 'orders', path: '/x/*.csv', layout: CSV_LAYOUT, empty: 'error' } };
    await expect(push('file', [record()])).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('reads no topic') });
    await expect(clients.ingest.push((async function* () {})())).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('no message') });
  });

  test('a topic that is not there', async () => {
    definition = logDefinition(`${topic.name}-not`);
    await expect(push('nowhere', [record()])).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
  });

  test('what the topic refuses', async () => {
    const narrow = await testTopic(1, { 'max.message.bytes': '1000' });
    definition = logDefinition(narrow.name);
    await expect(push('narrow', [record({ value: randomBytes(2_000) })]).finally(() => narrow.drop())).rejects.toMatchObject({ code: 'INVALID_VALUE', fix: expect.stringContaining('max.message.bytes') });
  });
});

test('a caller that leaves in the middle has stored no answer', async () => {
  const stop = new AbortController();
  const sent: number[] = [];
  async function* endless(): AsyncGenerator<PushRequest> {
    for (let n = 0; ; n += 1) {
      sent.push(n);
      yield { pipeline: 'clicks', idempotencyKey: 'left', records: Array.from({ length: 200 }, () => record()) };
      if (n > 10 && !stop.signal.aborted) await once(stop.signal, 'abort');
    }
  }
  const leaving = clients.ingest.push(endless(), { signal: stop.signal }).catch((error: unknown) => error);
  await until(() => sent.length > 11, { timeoutMs: 10_000, what: 'Some messages' });
  stop.abort();
  expect(await leaving).toMatchObject({ code: 'CANCELLED' });
  expect(await push('left', [record({ text: 'last' })])).toMatchObject({ records: 1, repeatedKey: false });
  expect((await inTopic()).filter(({ value }) => value === 'last')).toHaveLength(1);
});

describe('answered keys', () => {
  const never = new AbortController().signal;

  test('are forgotten after an hour, and beyond 10,000 the oldest first', async () => {
    let now = 0;
    const keys = new AnsweredKeys<number>(() => now);
    const once = async (key: string, value: number) => (await keys.once(key, never, () => Promise.resolve(value))).answer;
    expect([await once('a', 1), await once('a', 2)]).toEqual([1, 1]);
    now = 3_600_000;
    expect(await once('a', 3)).toBe(3);
    for (let n = 0; n < 9_999; n += 1) await once(`k${n}`, n);
    expect(await once('a', 4)).toBe(3);
    await once('one more', 0);
    expect([await once('a', 5), await once('k9998', -1)]).toEqual([5, 9_998]);
  });

  test('let who waits do its own work when the other fails, and leave when it is cancelled', async () => {
    const keys = new AnsweredKeys<string>();
    let fail = (): void => undefined;
    const first = keys.once('a', never, () => new Promise((_resolve, reject) => (fail = () => reject(new Error('no')))));
    const second = keys.once('a', never, () => Promise.resolve('second'));
    const stop = new AbortController();
    const third = keys.once('a', stop.signal, () => Promise.resolve('third'));
    stop.abort();
    await expect(third).rejects.toMatchObject({ code: 'CANCELLED' });
    fail();
    await expect(first).rejects.toThrow('no');
    expect(await second).toEqual({ answer: 'second', repeated: false });
  });
});
