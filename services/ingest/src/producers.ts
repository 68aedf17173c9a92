import { randomInt } from 'node:crypto';
import { mapKafkaError } from '@weir/connectors';
import { CompressionTypes, Partitioners, type ICustomPartitioner, type IHeaders, type Kafka, type Producer } from 'kafkajs';

/** Producers that wait for the next call; more are made when more calls send at once, and go when they are done. */
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
  send(topic: string, messages: readonly TimedMessage[]): Promise<SentRange[]>;
}

/**
 * Idempotent producers of one Kafka. A call has one for itself, because kafkajs gives a batch the sequence numbers of one that failed before it, and a broker that had written that one takes the
 * second for a repetition and drops it: one whose send failed is never used again.
 */
export class Producers {
  private readonly idle: Producer[] = [];
  private closed = false;

  constructor(private readonly kafka: Kafka) {}

  /** Throws as mapKafkaError says. */
  async use<T>(topic: string, body: (producer: BorrowedProducer) => Promise<T>): Promise<T> {
    const producer = this.idle.pop() ?? (await this.open(topic));
    let failed = false;
    const send = async (to: string, messages: readonly TimedMessage[]): Promise<SentRange[]> => {
      try {
        return await sendAll(producer, to, messages);
      } catch (error) {
        failed = true;
        throw mapKafkaError(error, to);
      }
    };
    try {
      return await body({ send });
    } finally {
      if (failed || this.closed || this.idle.length >= MOST_IDLE) void producer.disconnect().catch(() => undefined);
      else this.idle.push(producer);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.idle.splice(0).map((producer) => producer.disconnect().catch(() => undefined)));
  }

  private async open(place: string): Promise<Producer> {
    const producer = this.kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, createPartitioner: partitioner, retry: RETRY });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw mapKafkaError(error, place);
    }
  }
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
  const answers = await producer.send({ topic, messages: sent, acks: ALL_REPLICAS, compression: CompressionTypes.LZ4 });
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
