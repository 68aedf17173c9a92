import { setTimeout as pause } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { registerCodecs } from './codecs';
import { mapKafkaError } from './errors';
import { clusterOf, type Broker, type Cluster, type FetchedPartition } from './kafkajs-internals';

/** Kafka's names for the two ends of a log, in place of a time. */
const LATEST = -1;
const EARLIEST = -2;
const READ_COMMITTED = 1;
const TOPIC_RESOURCE = 2;

/** Tries of a question while leaders move or a broker starts again; waits of 0.1 to 1.6 s lie between them. */
const TRIES = 6;
const FIRST_WAIT_MS = 100;
/** How long the broker holds a fetch that finds nothing. */
const FETCH_WAIT_MS = 100;
/** For requests that are on their way when the log is closed. */
const CLOSE_MS = 2_000;

/** Offsets of one partition: of the first record that is still there, and the one after the last that may be read. */
export interface LogBounds {
  readonly start: number;
  readonly end: number;
}

/** The first record that is not before a time. */
export interface TimedOffset {
  readonly offset: number;
  /** Milliseconds. */
  readonly timestamp: number;
}

/** How long a topic keeps records; a limit that it does not have is undefined. */
export interface TopicRetention {
  readonly milliseconds: number | undefined;
  readonly bytes: number | undefined;
}

/**
 * A topic as a log: its partitions, its ends, offsets by time, and its records from an offset on, without a consumer group. Records of transactions that are open or were aborted are not there.
 * It has connections of its own, made at the first question. All methods throw UNAVAILABLE, TOPIC_MISSING, POSITION_LOST for an offset that the log does not have, and INVALID_VALUE for a
 * refused login; a question is repeated for about 3 s while brokers come and go.
 */
export class TopicLog {
  private readonly cluster_: Cluster;
  private closed = false;

  constructor(
    kafka: Kafka,
    readonly topic: string,
  ) {
    registerCodecs();
    this.cluster_ = clusterOf(kafka);
  }

  /** How the cluster names itself. */
  cluster(): Promise<string> {
    return this.ask(async (cluster) => (await cluster.metadata({ topics: [this.topic] })).clusterId);
  }

  /** Ascending. */
  async partitions(): Promise<number[]> {
    return this.ask((cluster) => Promise.resolve(partitionsOf(cluster, this.topic)));
  }

  /** Both ends of every partition. */
  bounds(): Promise<ReadonlyMap<number, LogBounds>> {
    return this.ask(async (cluster) => {
      // The start first: one that moves meanwhile is then not behind the end.
      const starts = await this.everywhere(cluster, EARLIEST);
      const ends = await this.everywhere(cluster, LATEST);
      return new Map([...starts].map(([partition, { offset }]) => [partition, { start: offset, end: Math.max(offset, ends.get(partition)?.offset ?? offset) }]));
    });
  }

  /** Where a stream begins in every partition: at `earliest`, `latest`, or the first record that is not before an instant, which is the end where there is none. */
  startOffsets(start: string): Promise<ReadonlyMap<number, number>> {
    return this.ask(async (cluster) => {
      const time = start === 'earliest' ? EARLIEST : start === 'latest' ? LATEST : Date.parse(start);
      const found = await this.everywhere(cluster, time);
      const ends = time < 0 ? found : await this.everywhere(cluster, LATEST);
      return new Map([...found].map(([partition, { offset }]) => [partition, offset < 0 ? (ends.get(partition)?.offset ?? 0) : offset]));
    });
  }

  /**
   * The first record of each partition that is not before its time, milliseconds; left out where there is none. Markers of transactions are records here, with the broker's clock, and so are
   * records of aborted ones.
   */
  firstFrom(times: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, TimedOffset>> {
    return this.ask(async (cluster) => new Map([...(await this.listOffsets(cluster, times))].filter(([, { offset }]) => offset >= 0)));
  }

  retention(): Promise<TopicRetention> {
    return this.ask(async (cluster) => {
      const nodeId = cluster.getNodeIds()[0] ?? '';
      const broker = await cluster.findBroker({ nodeId });
      const { resources } = await broker.describeConfigs({ resources: [{ type: TOPIC_RESOURCE, name: this.topic, configNames: ['retention.ms', 'retention.bytes', 'cleanup.policy'] }] });
      const settings = new Map(resources.flatMap(({ configEntries }) => configEntries.map(({ configName, configValue }) => [configName, configValue] as const)));
      const limit = (name: string): number | undefined => {
        const value = Number(settings.get(name) ?? -1);
        return settings.get('cleanup.policy') === 'compact' || value < 0 ? undefined : value;
      };
      return { milliseconds: limit('retention.ms'), bytes: limit('retention.bytes') };
    });
  }

  /**
   * What the log has from an offset on, at least one batch of records however large; undefined when the broker gave nothing for a reason of its own. Nothing in it and an end beyond the offset
   * mean that there is nothing between them any more.
   */
  async fetch(partition: number, offset: number, bytes: number): Promise<FetchedPartition | undefined> {
    return this.ask(async (cluster) => {
      const broker = await leaderOf(cluster, this.topic, partition);
      const topics = [{ topic: this.topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: bytes }] }];
      const { responses } = await broker.fetch({ isolationLevel: READ_COMMITTED, maxWaitTime: FETCH_WAIT_MS, minBytes: 1, maxBytes: bytes, topics });
      return responses[0]?.partitions[0];
    }, `${this.topic}:${partition}:${offset}`);
  }

  /** Ends the connections; what is on its way fails. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.race([this.cluster_.disconnect().catch(() => undefined), pause(CLOSE_MS, undefined, { ref: false })]);
  }

  private async everywhere(cluster: Cluster, time: number): Promise<Map<number, TimedOffset>> {
    return this.listOffsets(cluster, new Map(partitionsOf(cluster, this.topic).map((partition) => [partition, time])));
  }

  private async listOffsets(cluster: Cluster, times: ReadonlyMap<number, number>): Promise<Map<number, TimedOffset>> {
    const { topic } = this;
    const leaders = Object.entries(cluster.findLeaderForPartitions(topic, [...times.keys()]));
    const answers = await Promise.all(
      leaders.map(async ([nodeId, partitions]) => {
        const broker = await cluster.findBroker({ nodeId });
        const asked = partitions.map((partition) => ({ partition, timestamp: times.get(partition) ?? LATEST }));
        return broker.listOffsets({ isolationLevel: READ_COMMITTED, topics: [{ topic, partitions: asked }] });
      }),
    );
    const found = answers.flatMap(({ responses }) => responses.flatMap(({ partitions }) => partitions)).sort((one, other) => one.partition - other.partition);
    return new Map(found.map(({ partition, offset, timestamp }) => [partition, { offset: Number(offset), timestamp: Number(timestamp) }]));
  }

  /** Asks again, with what the cluster says of itself now, as long as the failure is one that passes. */
  private async ask<T>(question: (cluster: Cluster) => Promise<T>, place: string = this.topic): Promise<T> {
    const cluster = this.cluster_;
    for (let tries = 1, wait = FIRST_WAIT_MS; ; tries += 1, wait *= 2) {
      try {
        await cluster.connect();
        await cluster.addTargetTopic(this.topic);
        return await question(cluster);
      } catch (error) {
        const mapped = mapKafkaError(error, place);
        if (mapped.code !== 'UNAVAILABLE' || tries === TRIES || this.closed) throw mapped;
        forgetBroker(cluster, error);
        await pause(wait);
        await cluster.refreshMetadata().catch(() => undefined);
      } finally {
        // A connection that was being made when the log was closed.
        if (this.closed) cluster.disconnect().catch(() => undefined);
      }
    }
  }
}

function partitionsOf(cluster: Cluster, topic: string): number[] {
  return cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId).sort((one, other) => one - other);
}

async function leaderOf(cluster: Cluster, topic: string, partition: number): Promise<Broker> {
  const [nodeId = ''] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  return cluster.findBroker({ nodeId });
}

/** kafkajs keeps a connection that was closed at the far side until it is told. */
function forgetBroker(cluster: Cluster, error: unknown): void {
  const { name, host, port } = error as { name?: string; host?: string; port?: number };
  if (name === 'KafkaJSConnectionClosedError' && host !== undefined && port !== undefined) cluster.removeBroker({ host, port });
}
