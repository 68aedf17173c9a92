import type { Model } from '@weir/core';
import type { PostgresDestination } from '@weir/connectors';
import { streamTable } from '@weir/connectors';
import { tableSpec } from '../table-spec';
import { inlineBatch, rangeOf, recordAt, streamContext } from './click-stream';
import type { TestDataset, TestRow } from './test-dataset';
import { newRun, type TestLoad } from './warehouse';

/** A record of the topic; `value` says what models make of it. */
export interface LogRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly seq: string | null;
  readonly value: number;
}

/** What a model of some version makes of a record: a row, a row that deletes its key, or nothing. */
export interface Version extends LogRecord {
  readonly note: string;
  readonly deleted: boolean;
}

/** Offsets of one grain in a partition; the second partition is some records ahead. */
const GRAIN_RECORDS = 6;

export function grainOf({ partition, offset }: Pick<LogRecord, 'partition' | 'offset'>): string {
  return `2024-01-0${1 + Math.floor((offset + 2 * partition) / GRAIN_RECORDS)}T00:00:00Z`;
}

/** The first model deletes what is 1 or 10; the second what is 1 or divisible by 3, has nothing of what is divisible by 5, and writes otherwise. */
export function evaluate(record: LogRecord, model: 1 | 2): Version | undefined {
  const { value } = record;
  if (model === 2 && value % 5 === 0) return undefined;
  return { ...record, note: model === 1 ? `${value}` : `${value}!`, deleted: value === 1 || (model === 1 ? value === 10 : value % 3 === 0) };
}

export function rowOf(version: Version): TestRow {
  const { partition, offset, key, seq, note, deleted } = version;
  return recordAt(offset, { id: key, seq, note, kind: 'a "kind",\n' }, { partition, deleted });
}

/**
 * A stream, its archive and restatements over one table; and beside them a model in memory of what must come of it, by the rule as the manual has it: of a key that
 * is restated, what the table has from a covered record is dropped, and of the rest and the snapshot's winner the newer one stays.
 */
export class RestatedWorld {
  /** By key the newest version that is known, deleting ones too. */
  readonly known = new Map<string, Version>();
  /** By grain, what was published last. */
  private readonly published = new Map<string, readonly Version[]>();
  private readonly consumed: number[];
  private readonly archived: number[];

  constructor(
    private readonly logs: readonly (readonly LogRecord[])[],
    private readonly model: Model,
    private readonly dataset: TestDataset,
    private readonly load: TestLoad,
    private readonly older: (one: Version, other: Version) => number,
  ) {
    this.consumed = logs.map(() => 0);
    this.archived = logs.map(() => 0);
  }

  private get destination(): PostgresDestination {
    return this.load.destination;
  }

  async open(): Promise<void> {
    await this.destination.openPositions({ pipeline: 'test', cluster: 'c', topic: 'clicks' }, this.logs.map((_, partition) => ({ partition, next: 0, greatestTimestamp: 0 })), new AbortController().signal);
  }

  /** The stream takes some records of a partition. */
  async consume(partition: number, count: number, version: 1 | 2): Promise<void> {
    const from = this.consumed[partition] ?? 0;
    const records = (this.logs[partition] ?? []).slice(from, from + count);
    if (records.length === 0) return;
    const versions = records.flatMap((record) => evaluate(record, version) ?? []);
    const batch = versions.length > 0 ? await inlineBatch(this.model, versions.map(rowOf)) : undefined;
    const { commitId } = streamContext();
    const range = rangeOf(partition, from, from + records.length);
    const table = streamTable(tableSpec(this.model, 'test'), this.model.sequence, 'clicks');
    await this.destination.commitBatch(
      {
        pipeline: 'test', cluster: 'c', topic: 'clicks', definitionVersion: version, commitId, runId: 'stream', traceId: '', accounts: undefined,
        grains: records.map((record) => ({ partition, offset: record.offset, count: 1, grain: grainOf(record) })),
        ranges: [{ ...range, greatestTimestamp: 0 }],
        tables: batch ? [{ table, columns: batch.columns, rows: batch.rows, data: batch.data }] : [],
      },
      new AbortController().signal,
    );
    this.consumed[partition] = from + records.length;
    for (const each of versions) this.takeNewer(each);
  }

  /** The archive takes records of a partition, whether or not the stream has. */
  archive(partition: number, count: number): void {
    this.archived[partition] = Math.min((this.archived[partition] ?? 0) + count, this.logs[partition]?.length ?? 0);
  }

  /** A run over grains [from, to): publishes what a model makes of what the archive has of them, and restates the table. */
  async restate(grains: readonly string[], interval: { start: string; end: string } | undefined, version: 1 | 2): Promise<void> {
    const records = this.logs.flatMap((log, partition) => log.slice(0, this.archived[partition]));
    const of = (grain: string): LogRecord[] => records.filter((record) => grainOf(record) === grain);
    for (const grain of grains) this.published.set(grain, of(grain).flatMap((record) => evaluate(record, version) ?? []));
    const rows = new Map(grains.map((grain) => [grain, (this.published.get(grain) ?? []).map(rowOf)]));
    const snapshot = await this.dataset.publish(rows, new Map(grains.map((grain) => [grain, sourcesOf(of(grain))])));
    this.apply(grains.flatMap(of), grains);
    await this.load.to(snapshot, { context: { ...newRun(), definitionVersion: version, interval }, restate: true });
  }

  /** What the table must hold, by key. */
  expected(): string[][] {
    const living = [...this.known.values()].filter(({ deleted }) => !deleted);
    return living.map(({ key, note }) => [key, note]).toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1));
  }

  private apply(covered: readonly LogRecord[], grains: readonly string[]): void {
    const placeOf = ({ partition, offset }: LogRecord): string => `${partition}:${offset}`;
    const places = new Set(covered.map(placeOf));
    const restated = grains.flatMap((grain) => this.published.get(grain) ?? []).map(({ key }) => key);
    const touched = new Set([...restated, ...[...this.known.values()].filter((version) => places.has(placeOf(version))).map(({ key }) => key)]);
    for (const key of touched) {
      const standing = this.known.get(key);
      if (standing && places.has(placeOf(standing))) this.known.delete(key);
      for (const version of [...this.published.values()].flat()) if (version.key === key) this.takeNewer(version);
    }
  }

  private takeNewer(version: Version): void {
    const standing = this.known.get(version.key);
    if (!standing || this.older(standing, version) <= 0) this.known.set(version.key, version);
  }
}

/** Segments as ingest names them, two where there are enough records. */
function sourcesOf(records: readonly LogRecord[]): string[] {
  return [...new Set(records.map(({ partition }) => partition))].flatMap((partition) => {
    const offsets = records.filter((record) => record.partition === partition).map(({ offset }) => offset);
    const [first = 0, last = 0] = [offsets[0], offsets.at(-1)];
    const name = (from: number, to: number): string => `clicks:${String(partition).padStart(5, '0')}:${String(from).padStart(20, '0')}-${String(to).padStart(20, '0')}`;
    return last > first ? [name(first, last), name(last, last + 1)] : [name(first, last + 1)];
  });
}
