import { randomUUID } from 'node:crypto';
import type { ContractColumn, ContractDataset, Definition, KafkaSource } from '@weir/core';
import { withEngine } from '@weir/engine';
import type { PoisonedRecord, RecordBatch, RecordRange, ValidateBatchRequest, ValidateBatchResponse } from '@weir/rpc';
import { validateBatch } from '../validate-batch';
import { retail, type Workbench } from './workbench';

/** A record as a test says it; left out are: no key, partition 0, the next offset of its partition, 1,000 ms after 1970 for each offset, grain `all`, no headers. */
export interface TestRecord {
  readonly value: Buffer | string | null;
  readonly key?: Buffer | string | null;
  readonly partition?: number;
  readonly offset?: number;
  readonly timestamp?: number;
  readonly grain?: string;
  readonly headers?: readonly (readonly [string, Buffer | string])[];
  readonly poison?: { readonly reason: string; readonly original?: Buffer; readonly path?: string; readonly length?: number };
}

/** A batch of records as ingest writes it. */
export function recordBatch(records: readonly TestRecord[], topic = 'clicks'): RecordBatch {
  const next = new Map<number, number>();
  const placed = records.map((record) => {
    const partition = record.partition ?? 0;
    const offset = record.offset ?? next.get(partition) ?? 0;
    next.set(partition, offset + 1);
    return { grain: 'all', timestamp: 1_000 * offset, ...record, partition, offset };
  });
  const ranges: RecordRange[] = [];
  for (const { partition, offset, grain } of placed) {
    const last = ranges.at(-1);
    if (last && last.partition === partition && last.grain === grain && last.offset + last.count === offset) last.count++;
    else ranges.push({ partition, offset, grain, count: 1 });
  }
  const bytes = (value: Buffer | string | null | undefined): Buffer => Buffer.from(value ?? '');
  const lengths = (values: (Buffer | string | null | undefined)[]): Buffer => {
    const packed = Buffer.alloc(4 * values.length);
    values.forEach((value, n) => packed.writeInt32LE(value == null ? -1 : bytes(value).length, 4 * n));
    return packed;
  };
  const timestamps = Buffer.alloc(8 * placed.length);
  placed.forEach(({ timestamp }, n) => timestamps.writeBigInt64LE(BigInt(timestamp), 8 * n));
  return {
    topic,
    values: Buffer.concat(placed.flatMap(({ value }) => [bytes(value), Buffer.of(0x1e)])),
    valueLengths: lengths(placed.map(({ value }) => value)),
    keys: Buffer.concat(placed.map(({ key }) => bytes(key))),
    keyLengths: lengths(placed.map(({ key }) => key)),
    timestamps,
    ranges,
    headers: placed.flatMap(({ headers = [] }, ordinal) => headers.map(([name, value]) => ({ ordinal, name, value: bytes(value) }))),
    poisoned: placed.flatMap(({ poison }, ordinal): PoisonedRecord[] =>
      poison ? [{ ordinal, reason: poison.reason, original: poison.original ?? Buffer.alloc(0), originalPath: poison.path ?? '', length: poison.length ?? poison.original?.length ?? 0 }] : [],
    ),
  };
}

/** Sends a micro-batch through the use case. */
export async function sendBatch(bench: Workbench, records: readonly TestRecord[], runId = 'stream-run'): Promise<ValidateBatchResponse> {
  const { name } = bench.definition;
  const request: ValidateBatchRequest = { context: { pipeline: name, definitionVersion: 1, commitId: randomUUID(), workflowId: `stream/${name}`, runId }, records: recordBatch(records, topicOf(bench)) };
  return validateBatch(bench.dependencies, request, new AbortController().signal);
}

/** The topic that the definition reads; `clicks` where it reads files. */
export function topicOf({ definition: { source } }: Workbench): string {
  return source.type === 'kafka' ? source.topic : 'clicks';
}

/** The rows of an answer by position, their values as text. */
export function rowsIn({ bronze }: ValidateBatchResponse): Record<string, unknown>[] {
  if (!bronze) return [];
  const rows = Buffer.from(bronze.data).toString('utf8').split('\n').map((line) => Object.fromEntries((JSON.parse(line) as (string | null)[]).map((value, at) => [bronze.columns[at] ?? '', value])));
  return rows.sort((a, b) => String(a['_weir_position']).localeCompare(String(b['_weir_position']), 'en', { numeric: true }));
}

/** What SQL says of the rows of an answer when they are read back with their types. */
export async function typedRowsIn(bench: Workbench, { bronze }: ValidateBatchResponse, types: Record<string, string>, select: string): Promise<Record<string, unknown>[]> {
  const text = Buffer.from(bronze?.data ?? []).toString('utf8').replaceAll("'", "''");
  const typed = (bronze?.columns ?? []).flatMap((name, at) => (name in types ? [`r[${at + 1}]::${types[name]} as "${name}"`] : []));
  const relation = `(select ${typed.join(', ')} from (select from_json(line, '["VARCHAR"]') as r from (select unnest(string_split('${text}', chr(10))) as line)))`;
  return withEngine({ inputs: [], staging: bench.dir.path, memoryLimit: '128MB', threads: 1 }, (engine) => engine.rows(`select ${select} from ${relation}`));
}

export const column = (name: string, type: ContractColumn['type'], more: Partial<ContractColumn> = {}): ContractColumn => ({ name, physicalName: name, type, required: false, ...more });

/** A definition whose source is the topic `clicks`. */
export function clicks(dataset: Partial<ContractDataset>, source: Partial<KafkaSource> = {}): Definition {
  const base = retail();
  const contract = { id: 'clicks', version: '1.0.0', datasets: [{ name: 'clicks', columns: [], rules: [], checks: [], order: { by: 'arrival' } as const, ...dataset }] };
  return { ...base, name: 'clicks', mode: 'realtime', stream: { consumers: 1, refreshMs: 60_000 }, source: { type: 'kafka', dataset: 'clicks', connection: 'kafka', topic: 'clicks', format: 'json', start: 'earliest', ...source }, contract };
}
