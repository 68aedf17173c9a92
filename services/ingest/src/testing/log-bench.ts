import { join } from 'node:path';
import type { Definition, Interval } from '@weir/core';
import { withEngine } from '@weir/engine';
import { Lake, type Manifest, type Segment } from '@weir/lake';
import type { ExtractResult, ListSourcesResponse, LogRange, Progress } from '@weir/rpc';
import { tempDir, testTopic, type TempDir, type TestTopic } from '@weir/testkit';
import { extract, type ExtractDependencies } from '../extract';
import { kafkaClients, type KafkaClients } from '../kafka';
import { logDefinition, sender, type Sender } from './topics';
import { NO_CONNECTIONS } from './connections';

export const HOUR = 3_600_000;
/** When the times of tests begin. */
export const T = Date.parse('2026-01-01T00:00:00Z');

/** The canonical start of the n-th hour from T. */
export function hour(n: number): string {
  return new Date(T + n * HOUR).toISOString().replace('.000Z', 'Z');
}

export function hours(from: number, to: number): Interval {
  return { start: hour(from), end: hour(to) };
}

/** What a test asks of extract. */
export interface ExtractRun {
  readonly interval: Interval;
  readonly ranges?: LogRange[];
  readonly mode?: Definition['mode'];
  readonly topic?: string;
  readonly signal?: AbortSignal;
  readonly report?: (progress: Progress) => void;
}

/** A row of a raw segment, bytes as hex. */
export interface RawRow {
  readonly kafka_offset: number;
  readonly kafka_timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: string | null;
  readonly poison: string | null;
}

const none = (): never => {
  throw new Error('A topic is not taken file by file.');
};

/** A topic, a lake, and what extract makes of the one in the other. */
export class LogBench {
  /** What the catalog says that is published. */
  published: ListSourcesResponse['files'] = [];
  readonly lake: Lake;
  private attempts = 0;

  private constructor(
    readonly topic: TestTopic,
    readonly folder: TempDir,
    private readonly kafka: KafkaClients,
    private readonly sending: Sender,
  ) {
    this.lake = new Lake(join(folder.path, 'lake'));
  }

  static async open(partitions: number, config: Readonly<Record<string, string>> = {}): Promise<LogBench> {
    const [topic, folder] = await Promise.all([testTopic(partitions, { 'retention.ms': '-1', ...config }), tempDir()]);
    const kafka = kafkaClients({ kafka: { brokers: topic.brokers, clientId: 'weir-test', tls: false } }, { debug: () => undefined, warn: () => undefined });
    return new LogBench(topic, folder, kafka, await sender(topic));
  }

  readonly send: Sender['send'] = (messages, compression) => this.sending.send(messages, compression);

  async close(): Promise<void> {
    await this.sending.close();
    await this.topic.drop();
    await this.folder.dispose();
  }

  run({ interval, ranges = [], mode = 'batch', topic = this.topic.name, signal = new AbortController().signal, report = () => undefined }: ExtractRun): Promise<ExtractResult> {
    const deps: ExtractDependencies = {
      lake: this.lake,
      engine: { memoryLimit: '256MB', threads: 2 },
      ...NO_CONNECTIONS,
      definition: () => Promise.resolve(logDefinition(topic, { mode })),
      ...this.kafka,
      sources: (_pipeline, asked) => this.pages(asked),
      takes: none,
      takenFiles: none,
    };
    this.attempts += 1;
    const context = { runId: 'run-1', pipeline: 'clicks', definitionVersion: 1, attempt: `a${this.attempts}`, background: false, interval };
    return extract(deps, { context, ranges }, { signal, report });
  }

  private async *pages(interval: Interval | undefined): AsyncGenerator<ListSourcesResponse> {
    yield { files: this.published.filter(({ partition }) => !interval || (partition >= interval.start && partition < interval.end)), empty: [] };
  }

  /** Makes what a run extracted the published state. */
  async publish(result: ExtractResult): Promise<void> {
    const { segments } = await this.manifestOf(result);
    this.published = segments.map(({ partitions: [partition = ''], source = '', bytes, sha256, rows }) => ({ partition, source, bytes, sha256, rows, publishedAt: '' }));
  }

  async manifestOf({ raw }: ExtractResult): Promise<Manifest['datasets'][number]> {
    const { datasets } = await this.lake.readManifest(raw ?? { manifest: '', sha256: '' });
    const [dataset] = datasets;
    if (!dataset || datasets.length !== 1) throw new Error('One dataset was expected.');
    return dataset;
  }

  /** The rows of a segment in the order in which they lie. */
  async rowsOf({ path }: Segment): Promise<RawRow[]> {
    const file = this.lake.absolute(path);
    const staging = await tempDir();
    try {
      return await withEngine({ inputs: [file], staging: staging.path, memoryLimit: '256MB', threads: 1 }, (engine) =>
        engine.rows<RawRow>(`select kafka_offset, kafka_timestamp, hex(key) as key, hex(value) as value, headers, poison from read_parquet('${file}')`),
      );
    } finally {
      await staging.dispose();
    }
  }

  /** Every record that a manifest lists as `partition:offset grain`, sorted. */
  async placesOf(result: ExtractResult): Promise<string[]> {
    const places: string[] = [];
    for (const segment of (await this.manifestOf(result)).segments) {
      const partition = Number(segment.source?.split(':')[1]);
      for (const { kafka_offset: offset } of await this.rowsOf(segment)) places.push(`${partition}:${offset} ${segment.partitions.join()}`);
    }
    return places.sort();
  }
}
