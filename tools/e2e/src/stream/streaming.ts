import { Kafka, logLevel, type Message } from 'kafkajs';
import { ensureTopic } from '@weir/generate';
import { needServers } from '@weir/servers';
import { until } from '@weir/testkit';
import { weir } from '../command-line';
import type { TestPlatform } from '../platform';

/** A platform's Kafka and its streams, as a test drives them. */
export class Streaming {
  private constructor(
    private readonly platform: TestPlatform,
    readonly kafka: Kafka,
  ) {}

  /** Has Kafka started, and the schema registry if a test needs it, where they do not run yet. */
  static async open(platform: TestPlatform, servers: readonly ('kafka' | 'registry')[] = ['kafka']): Promise<Streaming> {
    await needServers(platform.state.home, servers, () => undefined);
    return new Streaming(platform, new Kafka({ clientId: 'weir-e2e', brokers: [...platform.state.kafka], logLevel: logLevel.NOTHING }));
  }

  /** Makes a topic. Old timestamps are kept, whatever the time is. */
  async topic(name: string, partitions: number, config: Readonly<Record<string, string>> = {}): Promise<void> {
    await ensureTopic(this.kafka, { topic: name, partitions, config: { 'retention.ms': '-1', ...config } });
  }

  async send(topic: string, messages: readonly Message[]): Promise<void> {
    const producer = this.kafka.producer({ idempotent: true });
    await producer.connect();
    for (let from = 0; from < messages.length; from += 1_000) await producer.send({ topic, messages: messages.slice(from, from + 1_000) });
    await producer.disconnect();
  }

  /** Applies a definition folder. */
  async apply(folder: string): Promise<void> {
    const end = await weir(['apply', folder, '--json'], this.platform.state.home);
    if (end.code !== 0) throw new Error(`weir apply ${folder} ended with ${end.code}:\n${end.stdout}${end.stderr}`);
  }

  /** Starts a stream as the Temporal command line would. */
  async start(pipeline: string, consumers = 1): Promise<void> {
    await this.platform.temporal.workflow.start('pipelineStream', { taskQueue: 'weir', workflowId: `stream/${pipeline}`, args: [{ pipeline, consumers }] });
  }

  /** Waits until the destination stands at the end of the topic. */
  async loaded(pipeline: string, topic: string, timeoutMs = 60_000): Promise<void> {
    const ends = await this.ends(topic);
    const at = async (): Promise<boolean> => {
      const positions = await this.positions(pipeline);
      return [...ends].every(([partition, end]) => (positions.get(partition) ?? 0) >= end);
    };
    await until(at, { timeoutMs, what: `The positions of ${pipeline} at the end of ${topic}` });
  }

  /** Waits until what is archived has everything that is in the topic now, and the tables that follow from it. */
  async followed(pipeline: string, topic: string, timeoutMs = 120_000): Promise<void> {
    const ends = await this.ends(topic);
    const archived = async (): Promise<boolean> => {
      const { positions } = await this.platform.clients.catalog.listPositions({ pipeline });
      const next = new Map(positions.map(({ source, value }) => [source, Number(value.split('@')[0])]));
      return [...ends].every(([partition, end]) => end === 0 || (next.get(`${topic}:${partition}`) ?? 0) >= end);
    };
    await until(archived, { timeoutMs, what: `The archive of ${pipeline} at the end of ${topic}` });
    const idle = async (): Promise<boolean> => {
      const { runs } = await this.platform.clients.runs.listRuns({ pipeline, limit: 100, status: 'RUN_STATUS_RUNNING', backfill: '' });
      return runs.length === 0;
    };
    await until(idle, { timeoutMs, what: `The runs of ${pipeline} at their end` });
  }

  /** Stops a stream and waits until it has ended. */
  async stop(pipeline: string): Promise<void> {
    const handle = this.platform.temporal.workflow.getHandle(`stream/${pipeline}`);
    await handle.signal('stop', { reason: 'The test is over.' });
    await handle.result();
  }

  /** Next offset by partition, as the destination has it. */
  async positions(pipeline: string): Promise<Map<number, number>> {
    const { rows } = await this.platform.warehouse.query<{ log_partition: number; next: string }>('select log_partition, next from weir.position where pipeline = $1', [pipeline]);
    return new Map(rows.map(({ log_partition, next }) => [log_partition, Number(next)]));
  }

  private async ends(topic: string): Promise<Map<number, number>> {
    const admin = this.kafka.admin();
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  }
}
