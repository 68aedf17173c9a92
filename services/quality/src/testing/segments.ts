import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { withEngine } from '@weir/engine';
import { rawPath, type Segment } from '@weir/lake';
import type { SegmentSet } from '@weir/rpc';
import { topicOf, type TestRecord } from './records';
import type { Workbench } from './workbench';

/** A segment of the raw zone: the records of one grain of one partition of the log, by offset. */
interface Archived extends TestRecord {
  readonly partition: number;
  readonly offset: number;
  readonly grain: string;
}

/** Archives records of the topic that the definition reads as ingest does: a segment for each partition, grain and `most` records. What is left out of a record is as for micro-batches. */
export async function stageLog(bench: Workbench, records: readonly TestRecord[], most = 1_000): Promise<SegmentSet> {
  const { name, source: { dataset } } = bench.definition;
  const topic = topicOf(bench);
  const runId = randomUUID();
  const scratch = await bench.lake.scratch(runId, 'extract');
  const segments: Segment[] = [];
  for (const group of grouped(placed(records), most)) {
    const file = join(scratch.dir, `${segments.length}.parquet`);
    await writeSegment(scratch.dir, file, group);
    const [first, last] = [group[0], group.at(-1)];
    if (!first || !last) continue;
    const padded = (offset: number): string => String(offset).padStart(20, '0');
    const digest = await bench.lake.adoptByContent(file, (hash) => rawPath(name, dataset, hash, 'parquet'));
    segments.push({ ...digest, rows: group.length, partitions: [first.grain], source: `${topic}:${String(first.partition).padStart(5, '0')}:${padded(first.offset)}-${padded(last.offset + 1)}` });
  }
  await scratch.dispose();
  const partitions = [...new Set(segments.flatMap((segment) => segment.partitions))].sort().map((partition) => ({ partition, rows: 0 }));
  return bench.lake.writeManifest({ version: 1, pipeline: name, runId, stage: 'extract', attempt: 'first', datasets: [{ dataset: `raw.${dataset}`, partitions, segments }] });
}

function placed(records: readonly TestRecord[]): Archived[] {
  const next = new Map<number, number>();
  return records.map((record) => {
    const partition = record.partition ?? 0;
    const offset = record.offset ?? next.get(partition) ?? 0;
    next.set(partition, offset + 1);
    return { grain: 'all', ...record, partition, offset };
  });
}

/** In an order that is not the one in which they are to be read. */
function grouped(records: readonly Archived[], most: number): Archived[][] {
  const groups = new Map<string, Archived[]>();
  for (const record of records.toSorted((a, b) => a.offset - b.offset)) {
    const key = `${record.grain} ${record.partition}`;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  const chunks = [...groups.values()].flatMap((group) => Array.from({ length: Math.ceil(group.length / most) }, (_, n) => group.slice(n * most, (n + 1) * most)));
  return chunks.toReversed();
}

async function writeSegment(dir: string, file: string, records: readonly Archived[]): Promise<void> {
  const bytes = (value: Buffer | string | null | undefined): Buffer | null => (value === null || value === undefined ? null : Buffer.from(value));
  await withEngine({ inputs: [], staging: dir, memoryLimit: '128MB', threads: 1 }, async (engine) => {
    await engine.run('create temp table records (kafka_offset BIGINT, kafka_timestamp BIGINT, key BLOB, value BLOB, headers VARCHAR, poison VARCHAR)');
    const rows = records.map(({ offset, timestamp = 1_000 * offset, key, value, headers, poison }) => [offset, timestamp, bytes(key), poison ? (poison.original ?? null) : bytes(value), headerJson(headers), poison?.reason ?? null]);
    await engine.append('records', rows);
    await engine.run(`copy records to '${file}' (format parquet, compression zstd)`);
  });
}

function headerJson(headers: TestRecord['headers']): string | null {
  if (!headers) return null;
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) values.set(name, [...(values.get(name) ?? []), Buffer.from(value).toString('base64')]);
  return JSON.stringify(Object.fromEntries([...values].map(([name, list]) => [name, list.length === 1 ? list[0] : list])));
}
