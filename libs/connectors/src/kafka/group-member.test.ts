import { isWeirError } from '@weir/core';
import { testTopic, until, type TestTopic } from '@weir/testkit';
import { GroupMember, type Delivery } from './group-member';

const log = { warn: () => undefined };

/** Positions that members of a group share, as a destination would keep them; each record is taken once only if nobody goes back behind them. */
class Ledger {
  readonly next = new Map<number, number>();
  readonly taken: string[] = [];

  position(partitions: readonly number[]): Promise<Map<number, number>> {
    return Promise.resolve(new Map(partitions.map((partition) => [partition, this.next.get(partition) ?? 0])));
  }

  /** False when the delivery does not begin where the ledger stands. */
  commit(member: string, from: number, { partition, records, next }: Delivery): boolean {
    if ((this.next.get(partition) ?? 0) !== from) return false;
    this.next.set(partition, next);
    for (const { offset, value } of records.flatMap((some) => [...some])) this.taken.push(`${partition}:${offset}:${String(value)}:${member}`);
    return true;
  }

  values(): string[] {
    return this.taken.map((line) => line.split(':')[2] ?? '').sort();
  }
}

interface Running {
  readonly member: GroupMember;
  readonly end: Promise<unknown>;
  readonly began: Map<number, number>;
  stop(): Promise<void>;
}

const open: Running[] = [];
let topic: TestTopic;

function start(ledger: Ledger, name = 'a', groupId = `weir-test-${topic.name}`): Running {
  const abort = new AbortController();
  const began = new Map<number, number>();
  const member = new GroupMember({
    kafka: topic.kafka,
    groupId,
    topic: topic.name,
    position: async (partitions) => {
      const found = await ledger.position(partitions);
      began.clear();
      for (const [partition, offset] of found) began.set(partition, offset);
      return found;
    },
    revoked: () => began.clear(),
    deliver: (delivery) => {
      const from = began.get(delivery.partition);
      if (from !== undefined && ledger.commit(name, from, delivery)) began.set(delivery.partition, delivery.next);
      return Promise.resolve();
    },
    log,
  });
  const end = member.run(abort.signal).catch((error: unknown) => error);
  const running = {
    member,
    end,
    began,
    stop: async () => {
      abort.abort();
      await end;
    },
  };
  open.push(running);
  return running;
}

async function produce(values: readonly string[], partition?: number): Promise<void> {
  const producer = topic.kafka.producer();
  await producer.connect();
  await producer.send({ topic: topic.name, messages: values.map((value, at) => ({ value, partition: partition ?? at % 4 })) });
  await producer.disconnect();
}

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `v${String(from + at).padStart(5, '0')}`);

beforeEach(async () => {
  topic = await testTopic(4);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((running) => running.stop()));
  await topic.drop();
});

test('delivers from the given positions, not from those that Kafka has', async () => {
  await produce(numbered(0, 40));
  const admin = topic.kafka.admin();
  await admin.setOffsets({ groupId: `weir-test-${topic.name}`, topic: topic.name, partitions: [0, 1, 2, 3].map((partition) => ({ partition, offset: '10' })) });
  await admin.disconnect();
  const ledger = new Ledger();
  ledger.next.set(1, 4);
  start(ledger);
  await until(() => ledger.taken.length === 36, { timeoutMs: 20_000, what: 'All records from the positions on' });
  expect(ledger.values()).toEqual(numbered(0, 40).filter((value) => !(Number(value.slice(1)) % 4 === 1 && Number(value.slice(1)) < 16)));
});

test('members that come and go take every record once', async () => {
  const ledger = new Ledger();
  const first = start(ledger, 'a');
  const second = start(ledger, 'b');
  await produce(numbered(0, 400));
  await until(() => ledger.taken.length >= 400, { timeoutMs: 30_000 });
  const others = [start(ledger, 'c'), start(ledger, 'd')];
  await produce(numbered(400, 800));
  await until(() => ledger.taken.length >= 800, { timeoutMs: 30_000 });
  await Promise.all([first.stop(), second.stop()]);
  await produce(numbered(800, 1_200));
  await until(() => ledger.taken.length >= 1_200, { timeoutMs: 30_000 });
  await until(() => [...others].flatMap(({ member }) => member.partitions()).toSorted((a, b) => a - b).join() === '0,1,2,3', { timeoutMs: 30_000, what: 'All partitions with those who stayed' });
  expect(ledger.values()).toEqual(numbered(0, 1_200));
});

test('a restart forgets what was delivered and asks for the positions again', async () => {
  await produce(numbered(0, 40));
  const ledger = new Ledger();
  const { member } = start(ledger);
  await until(() => ledger.taken.length === 40, { timeoutMs: 20_000 });
  ledger.next.set(0, 5);
  ledger.taken.length = 0;
  member.restart();
  await until(() => ledger.taken.length === 5, { timeoutMs: 20_000 });
  expect(ledger.taken.map((line) => line.split(':').slice(0, 2).join(':'))).toEqual(['0:5', '0:6', '0:7', '0:8', '0:9']);
});

test('a position that the log does not have ends it with POSITION_LOST', async () => {
  await produce(numbered(0, 40));
  const admin = topic.kafka.admin();
  // It only knows the leaders of topics that it was asked about.
  await admin.fetchTopicOffsets(topic.name);
  await admin.deleteTopicRecords({ topic: topic.name, partitions: [{ partition: 2, offset: '7' }] });
  await admin.disconnect();
  const ledger = new Ledger();
  ledger.next.set(2, 3);
  const { end } = start(ledger);
  const error = await end;
  expect(isWeirError(error) && error.code).toBe('POSITION_LOST');
  expect((error as Error).message).toContain('position 3');
  expect(ledger.taken.filter((line) => line.startsWith('2:'))).toEqual([]);
});

test('passes over aborted transactions and their markers, and knows where it stands behind them', async () => {
  const producer = topic.kafka.producer({ transactionalId: `tx-${topic.name}`, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (const [value, commits] of [['one', true], ['gone', false], ['two', true], ['gone too', false]] as const) {
    const transaction = await producer.transaction();
    await transaction.send({ topic: topic.name, messages: [{ value, partition: 0 }] });
    await (commits ? transaction.commit() : transaction.abort());
  }
  await producer.disconnect();
  const ledger = new Ledger();
  start(ledger);
  // Four records and the marker behind each.
  await until(() => ledger.next.get(0) === 8, { timeoutMs: 20_000, what: 'The position behind the last marker' });
  expect(ledger.values()).toEqual(['one', 'two']);
});

test('a deliverer that has no room is waited for without losing the partitions', async () => {
  let held: (() => void) | undefined;
  const seen: number[] = [];
  let assigned = 0;
  const abort = new AbortController();
  const member = new GroupMember({
    kafka: topic.kafka,
    groupId: `weir-test-${topic.name}`,
    topic: topic.name,
    position: (partitions) => {
      assigned += 1;
      return Promise.resolve(new Map(partitions.map((partition) => [partition, 0])));
    },
    revoked: () => undefined,
    deliver: ({ records }) => {
      seen.push(records.reduce((sum, { length }) => sum + length, 0));
      return seen.length > 1 ? Promise.resolve() : new Promise<void>((resolve) => (held = resolve));
    },
    log,
  });
  const end = member.run(abort.signal);
  await produce(numbered(0, 10), 0);
  await until(() => held, { timeoutMs: 20_000 });
  await produce(numbered(10, 20), 0);
  const admin = topic.kafka.admin();
  const stable = async (): Promise<boolean> => (await admin.describeGroups([`weir-test-${topic.name}`])).groups[0]?.state === 'Stable';
  const since = performance.now();
  // Longer than the session: only heartbeats keep the member.
  await until(async () => performance.now() - since > 11_000 && (await stable()), { timeoutMs: 20_000 });
  expect(seen).toEqual([10]);
  held?.();
  await until(() => seen.reduce((sum, count) => sum + count, 0) === 20, { timeoutMs: 10_000 });
  expect(assigned).toBe(1);
  abort.abort();
  await end;
  await admin.disconnect();
});
