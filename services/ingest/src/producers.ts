import { randomInt } from 'node:crypto';
import { mapKafkaError, TopicLog } from '@weir/connectors';
import { Partitioners, type ICustomPartitioner, type IHeaders, type Kafka, type Producer } from 'kafkajs';

/** Producers that wait for the next call to their topic; more are made when more calls send at once, and the oldest go. */
const MOST_IDLE = 4;
/** About 20 s of tries; the caller's own deadline may come first. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 3_000, retries: 10 };
const ALL_REPLICAS = -1;
/** More than any topic has. */
const MOST_PARTITIONS = 1_000_000;

/** A record to send; the time is in milliseconds. */
export interface TimedMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly headers: IHeaders;
}

/** Where some records of one send went: they follow each other from the base offset on. */
export interface SentRange {
  readonly partition: number;
  /** Offset after the last of them. */
  readonly next: number;
  /** Milliseconds. */
  readonly greatestTimestamp: number;
}

/** A producer that one call has for itself. */
export interface BorrowedProducer {
  /** Resolves when every replica in sync has all of them. Those without a key go to one partition. */
  send(messages: readonly TimedMessage[]): Promise<SentRange[]>;
}

/** kafkajs asks for all topics that a producer ever sent to, and fails when one of them is gone: each has one topic. */
interface IdleProducer {
  readonly topic: string;
  readonly producer: Producer;
}

/**
 * Idempotent producers of one Kafka. A call has one for itself, because kafkajs gives a batch the sequence numbers of one that failed before it, and a broker that had written that one takes the
 * second for a repetition and drops it: one whose send failed is never used again.
 */
export class Producers {
  /** The one that was used longest ago is first. */
  private readonly idle: IdleProducer[] = [];
  private closed = false;

  constructor(private readonly kafka: Kafka) {}

  /** Gives a producer of a topic to the body. Throws as mapKafkaError says. */
  async use<T>(topic: string, body: (producer: BorrowedProducer) => Promise<T>): Promise<T> {
    const producer = this.take(topic) ?? (await this.open(topic));
    let failed = false;
    const send = async (messages: readonly TimedMessage[]): Promise<SentRange[]> => {
      try {
        return await sendAll(producer, topic, messages);
      } catch (error) {
        failed = true;
        throw mapKafkaError(error, topic);
      }
    };
    try {
      return await body({ send });
    } finally {
      if (failed || this.closed) disconnect(producer);
      else this.put({ topic, producer });
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.idle.splice(0).map(({ producer }) => producer.disconnect().catch(() => undefined)));
  }

  private take(topic: string): Producer | undefined {
    const at = this.idle.findLastIndex((idle) => idle.topic === topic);
    return at < 0 ? undefined : this.idle.splice(at, 1)[0]?.producer;
  }

  private put(idle: IdleProducer): void {
    this.idle.push(idle);
    if (this.idle.length > MOST_IDLE) for (const { producer } of this.idle.splice(0, 1)) disconnect(producer);
  }

  private async open(topic: string): Promise<Producer> {
    await this.assertThere(topic);
    const producer = this.kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, createPartitioner: partitioner, retry: RETRY });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw mapKafkaError(error, topic);
    }
  }

  /** A producer would look for a topic that is not there until its tries are used up. */
  private async assertThere(topic: string): Promise<void> {
    const log = new TopicLog(this.kafka, topic);
    try {
      await log.partitions();
    } finally {
      await log.close();
    }
  }
}

/** Behind the caller's back: it waits for what is on its way. */
function disconnect(producer: Producer): void {
  producer.disconnect().catch(() => undefined);
}

/** What our partitioner looks at and writes down. */
interface SentMessage extends Omit<TimedMessage, 'timestamp'> {
  readonly timestamp: string;
  /** Of a message without a key: which of the partitions, by number modulo their count. */
  readonly turn: number;
  /** Set by the first try, so that others go to the same partition: a broker knows a repetition only there. */
  partition?: number;
}

async function sendAll(producer: Producer, topic: string, messages: readonly TimedMessage[]): Promise<SentRange[]> {
  const turn = randomInt(MOST_PARTITIONS);
  const sent = messages.map((message): SentMessage => ({ ...message, timestamp: String(message.timestamp), turn }));
  // Not compressed: 29,000 records a second instead of 25,000 with lz4, and a broker can do it by itself (`compression.type`).
  const answers = await producer.send({ topic, messages: sent, acks: ALL_REPLICAS });
  return answers.flatMap(({ partition, baseOffset }) => {
    const there = sent.filter((message) => message.partition === partition);
    const greatestTimestamp = there.reduce((greatest, { timestamp }) => Math.max(greatest, Number(timestamp)), 0);
    return baseOffset === undefined ? [] : [{ partition, next: Number(baseOffset) + there.length, greatestTimestamp }];
  });
}

/** By the key as Java's clients do, so that records of one key stand in one partition whoever sends them. */
function partitioner(): ReturnType<ICustomPartitioner> {
  const byKey = Partitioners.DefaultPartitioner();
  return ({ topic, partitionMetadata, message }) => {
    const sent = message as unknown as SentMessage;
    sent.partition ??= sent.key === null ? (partitionMetadata[sent.turn % partitionMetadata.length]?.partitionId ?? 0) : byKey({ topic, partitionMetadata, message });
    return sent.partition;
  };
}
