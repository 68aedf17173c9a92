import { join } from 'node:path';
import { registerCodecs, TopicLog } from '@weir/connectors';
import type { Definition } from '@weir/core';
import { Lake } from '@weir/lake';
import { StageGate } from '@weir/platform';
import {
  CatalogServiceService,
  connect,
  DefinitionServiceService,
  LoadServiceService,
  serve,
  unary,
  type Clients,
  type GetDefinitionRequest,
  type GetDefinitionResponse,
  type ListPositionsRequest,
  type ListPositionsResponse,
  type LogRange,
  type OpenPositionsRequest,
  type OpenPositionsResponse,
  type PlanArchiveResponse,
  type RpcServer,
} from '@weir/rpc';
import { batchOf, emptyRecords, encodeRecords, produce, tempDir, testTopic, until, type TempDir, type TestTopic } from '@weir/testkit';
import type { Message } from 'kafkajs';
import { services } from './rpc';
import { dependenciesOf } from './testing/dependencies';
import { HOUR, hours, T } from './testing/log-bench';
import { logDefinition, sender, type Sender } from './testing/topics';

let folder: TempDir;
let far: RpcServer;
let ingest: RpcServer;
let near: Clients;
let clients: Clients;
/** What the far side answers. */
let definition: Definition;
let stored: Record<string, string>;
let started: Record<number, number>;
let asked: OpenPositionsRequest[];

const closing: (() => Promise<unknown>)[] = [];
let topic: TestTopic;
let send: Sender['send'];

beforeAll(async () => {
  registerCodecs();
  const definitions = { getDefinition: unary(async ({ pipeline }: GetDefinitionRequest): Promise<GetDefinitionResponse> => ({ pipeline, version: 7, definitionJson: JSON.stringify(definition) })) };
  const catalog = { listPositions: unary(async (_request: ListPositionsRequest): Promise<ListPositionsResponse> => ({ positions: Object.entries(stored).map(([source, value]) => ({ source, value })) })) };
  const load = {
    openPositions: unary(async (request: OpenPositionsRequest): Promise<OpenPositionsResponse> => {
      asked.push(request);
      return { positions: Object.entries(started).map(([partition, start]) => ({ position: { partition: Number(partition), next: start + 999, greatestTimestamp: 5 }, start })) };
    }),
  };
  far = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: [[DefinitionServiceService, definitions], [CatalogServiceService, catalog], [LoadServiceService, load]] });
  far.setReady(true);
  near = connect({ metadata: `127.0.0.1:${far.port}`, load: `127.0.0.1:${far.port}` });
  folder = await tempDir();
  ingest = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services(dependenciesOf(near, new Lake(join(folder.path, 'lake')), process.env['WEIR_TEST_KAFKA']?.split(',')), new StageGate(1)) });
  ingest.setReady(true);
  clients = connect({ ingest: `127.0.0.1:${ingest.port}` });
});
afterAll(async () => {
  clients.close();
  await ingest.drain(5_000);
  near.close();
  await far.drain(5_000);
  await folder.dispose();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(partitions: number, config: Record<string, string> = {}): Promise<void> {
  topic = await testTopic(partitions, { 'retention.ms': '-1', ...config });
  const sending = await sender(topic);
  closing.push(() => topic.drop(), sending.close);
  [send, stored, started, asked] = [sending.send, {}, {}, []];
  definition = logDefinition(topic.name, { mode: 'realtime', stream: { consumers: 1, refreshMs: 60_000 } });
}

const plan = (skipLost = false): Promise<PlanArchiveResponse> => clients.ingest.planArchive({ pipeline: 'clicks', skipLost });
const at = (partition: number, hoursFromT: number): Message => ({ partition, value: 'x', timestamp: String(T + hoursFromT * HOUR) });
const range = (partition: number, from: number, to: number, greatestBeforeFrom: number, greatestBeforeTo: number): LogRange => ({ partition, from, to, greatestBeforeFrom, greatestBeforeTo });

async function removeBefore(partition: number, offset: number): Promise<void> {
  const admin = topic.kafka.admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic.name);
  await admin.deleteTopicRecords({ topic: topic.name, partitions: [{ partition, offset: String(offset) }] });
  await admin.disconnect();
}

/** Stores the positions that a plan leads to. */
function carryOut({ ranges }: PlanArchiveResponse): void {
  for (const { partition, to, greatestBeforeTo } of ranges) stored[`${topic.name}:${partition}`] = `${to}@${greatestBeforeTo}`;
}

test('takes what is behind the positions, in the grains that it touches; a second plan finds nothing', async () => {
  await open(3);
  await send([at(0, 1), at(0, 1.5), at(0, 4), at(0, 3.5), at(1, 2), at(1, 2.1)]);
  stored = { [`${topic.name}:0`]: `1@${T + HOUR}`, [`${topic.name}:1`]: `1@${T + 2 * HOUR}`, [`${topic.name}:2`]: '0@0', 'another:0': '77@5', [`${topic.name}:x`]: 'y' };
  const planned = await plan();
  expect(planned).toEqual({ interval: hours(1, 5), ranges: [range(0, 1, 4, T + HOUR, T + 4 * HOUR), range(1, 1, 2, T + 2 * HOUR, T + 2.1 * HOUR)], more: false, lagOfRetention: 0 });
  expect(asked).toEqual([]);
  carryOut(planned);
  expect(await plan()).toEqual({ interval: undefined, ranges: [], more: false, lagOfRetention: 0 });
});

test('begins where the stream began, and leaves alone what the stream has not begun', async () => {
  await open(3);
  await send([0, 1, 2].flatMap((partition) => [at(partition, 1), at(partition, 2), at(partition, 3)]));
  started = { 0: 0, 2: 2 };
  stored = { [`${topic.name}:2`]: `1@${T}` };
  expect(await plan()).toMatchObject({ interval: hours(1, 4), ranges: [range(0, 0, 3, 0, T + 3 * HOUR), range(2, 1, 3, T, T + 3 * HOUR)] });
  expect(asked).toEqual([{ context: { pipeline: 'clicks', definitionVersion: 7, commitId: '', workflowId: '', runId: '' }, cluster: expect.stringMatching(/.+/), topic: topic.name, start: [] }]);
});

test('counts a record that comes late to the grain in which it came', async () => {
  await open(1);
  await send([at(0, 5), at(0, 1), at(0, 5.5)]);
  stored = { [`${topic.name}:0`]: `1@${T + 5 * HOUR}` };
  expect(await plan()).toMatchObject({ interval: hours(5, 6), ranges: [{ from: 1, to: 3, greatestBeforeFrom: T + 5 * HOUR }] });
});

test('in steps reaches everything, each step within its bounds, and every record in the grain of its step', async () => {
  await open(2);
  // 700 hours in one partition and 2 in the other, with jumps.
  const times = Array.from({ length: 700 }, (_, n) => n + (n > 600 ? 5_000 : 0));
  await send([...times.map((hoursFromT) => at(0, hoursFromT)), at(1, 400), at(1, 7_000)]);
  started = { 0: 0, 1: 0 };
  const seen: [number, number, number][] = [];
  let planned = await plan();
  for (let steps = 0; planned.ranges.length > 0; steps += 1) {
    expect(steps).toBeLessThan(10);
    const { interval, ranges, more } = planned;
    const [start, end] = [Date.parse(interval?.start ?? ''), Date.parse(interval?.end ?? '')];
    expect((end - start) / HOUR).toBeLessThanOrEqual(500);
    for (const { partition, from, to } of ranges) {
      seen.push([partition, from, to]);
      const inRange = (partition === 0 ? times : [400, 7_000]).slice(from, to).map((hoursFromT) => T + hoursFromT * HOUR);
      expect([Math.min(...inRange) >= start, Math.max(...inRange) < end]).toEqual([true, true]);
    }
    carryOut(planned);
    planned = await plan();
    expect(more).toBe(planned.ranges.length > 0);
  }
  for (const [partition, last] of [[0, 700], [1, 2]] as const) {
    const own = seen.filter(([of]) => of === partition);
    expect([own[0]?.[1], own.at(-1)?.[2]]).toEqual([0, last]);
    own.slice(1).forEach(([, from], n) => expect(from).toBe(own[n]?.[2]));
  }
}, 60_000);

test('takes of each partition its share of 500,000 records', async () => {
  await open(2);
  // One batch sixty times: encoding so many records takes longer than all else here.
  const records = batchOf({ payload: encodeRecords(emptyRecords(10_000)), count: 10_000, baseTimestamp: BigInt(T) });
  for (let n = 0; n < 60; n += 1) await produce(process.env['WEIR_TEST_KAFKA']?.split(',')[0] ?? '', topic.name, records);
  await send([at(1, 0), at(1, 0)]);
  started = { 0: 0, 1: 0 };
  const { ranges, more } = await plan();
  expect(ranges.map(({ partition, from, to }) => [partition, from, to])).toEqual([[0, 0, 499_998], [1, 0, 1]]);
  expect(more).toBe(true);
}, 120_000);

describe('of transactions', () => {
  /** Sends transactions, each committed or aborted; markers get the broker's clock, far from the records' time. */
  async function transact(...transactions: readonly { readonly hours: readonly number[]; readonly end: 'commit' | 'abort' }[]): Promise<void> {
    const producer = topic.kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: topic.name });
    await producer.connect();
    for (const { hours: times, end } of transactions) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: topic.name, messages: times.map((hoursFromT) => at(0, hoursFromT)) });
      await transaction[end]();
    }
    await producer.disconnect();
    // An answer to the end of a transaction comes before its marker is in the log.
    const log = new TopicLog(topic.kafka, topic.name);
    closing.push(() => log.close());
    const end = transactions.reduce((sum, { hours: times }) => sum + times.length + 1, 0);
    await until(async () => (await log.bounds()).get(0)?.end === end, { timeoutMs: 10_000, what: 'The last marker' });
  }

  test('what nobody reads has no grain: markers and aborted records', async () => {
    await open(1);
    await transact({ hours: [1, 1.5], end: 'commit' }, { hours: [900], end: 'abort' }, { hours: [2, 1.2], end: 'commit' }, { hours: [3], end: 'commit' });
    started = { 0: 0 };
    expect(await plan()).toMatchObject({ interval: hours(1, 4), ranges: [range(0, 0, 10, 0, T + 3 * HOUR)], more: false });
  });

  test('a range of nothing but them is planned all the same, so that the position moves', async () => {
    await open(1);
    await transact({ hours: [1], end: 'abort' });
    started = { 0: 0 };
    const planned = await plan();
    expect(planned.ranges).toEqual([range(0, 0, 2, 0, 0)]);
    expect(Date.parse(planned.interval?.end ?? '') - Date.parse(planned.interval?.start ?? '')).toBe(HOUR);
    carryOut(planned);
    expect((await plan()).ranges).toEqual([]);
  });

  test('an open one is not planned', async () => {
    await open(1);
    await send([at(0, 1)]);
    const producer = topic.kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: topic.name });
    await producer.connect();
    closing.push(() => producer.disconnect());
    const transaction = await producer.transaction();
    await transaction.send({ topic: topic.name, messages: [at(0, 2)] });
    await send([at(0, 3)]);
    started = { 0: 0 };
    expect(await plan()).toMatchObject({ interval: hours(1, 2), ranges: [{ from: 0, to: 1 }], more: false });
    await transaction.abort();
  });
});

test('a position that the log no longer has is POSITION_LOST with both numbers, and can be skipped', async () => {
  await open(1);
  await send([0, 1, 2, 3, 4].map((hoursFromT) => at(0, hoursFromT)));
  stored = { [`${topic.name}:0`]: `1@${T}` };
  await removeBefore(0, 3);
  await expect(plan()).rejects.toMatchObject({ code: 'POSITION_LOST', place: `${topic.name}:0:1`, message: expect.stringMatching(/offset 1, .* begins at 3 now/), fix: expect.stringMatching(/lacks offsets 1 to 3.*--skip-lost/) });
  expect(await plan(true)).toMatchObject({ interval: hours(3, 5), ranges: [range(0, 3, 5, T, T + 4 * HOUR)] });
});

test('a log that ends before the position is another one', async () => {
  await open(1);
  await send([at(0, 1)]);
  stored = { [`${topic.name}:0`]: `5@${T}` };
  for (const skipLost of [false, true]) await expect(plan(skipLost)).rejects.toMatchObject({ code: 'POSITION_LOST', message: expect.stringContaining('ends at 1: it is another one') });
});

test('the lag is the age of the oldest record that the archive lacks, as a share of retention', async () => {
  await open(2, { 'retention.ms': String(10 * HOUR) });
  const ago = (partition: number, hoursAgo: number): Message => ({ partition, value: 'x', timestamp: String(Date.now() - hoursAgo * HOUR) });
  await send([ago(0, 9), ago(0, 2), ago(1, 1)]);
  stored = { [`${topic.name}:0`]: `1@${Date.now() - 9 * HOUR}`, [`${topic.name}:1`]: '0@0' };
  expect((await plan()).lagOfRetention).toBeCloseTo(0.2, 2);
});

test('of a pipeline that has no stream is refused', async () => {
  await open(1);
  definition = logDefinition(topic.name);
  await expect(plan()).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('not of mode realtime') });
});

test('any number that a producer sent as a time has a grain', async () => {
  await open(1, { 'message.timestamp.after.max.ms': String(Number.MAX_SAFE_INTEGER) });
  await send([{ partition: 0, value: 'x', timestamp: '9007199254740991' }, at(0, 1)]);
  started = { 0: 0 };
  expect(await plan()).toMatchObject({ interval: { start: '9999-12-31T23:00:00Z' }, ranges: [{ from: 0, to: 2 }] });
});
