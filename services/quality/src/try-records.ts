import { isWeirError, VALUE_SEPARATOR, WeirError } from '@weir/core';
import type { RecordBatch, RecordRange } from '@weir/rpc';
import { batchPlan } from './batch-plans';
import { rejectsOf } from './batch-rejects';
import { originalOf } from './original-of';
import { recordColumns } from './record-columns';
import { quarantinedHeaders } from './record-headers';
import { brokenReason } from './rejects';
import { runBatch } from './run-batch';
import type { Trial } from './trial';
import type { OpenRow, Verdicts } from './try-rows';

/** A record as it came. */
interface TriedRecord {
  readonly row: OpenRow;
  readonly value: Buffer | null;
}

/**
 * Judges records of a log as a micro-batch of their own, in the warm engine of their pipeline; gives why records stay.
 * Throws UNAVAILABLE while a registry that is needed does not answer, and what the engine and the lake throw.
 */
export async function tryRecords(trial: Trial): Promise<Verdicts> {
  const records: TriedRecord[] = [];
  for (const row of trial.rows) records.push({ row, value: await originalOf(row, trial.lake) });
  return judged(trial, records);
}

/** Rows can be larger than records: what does not fit is tried in halves. */
async function judged(trial: Trial, records: readonly TriedRecord[]): Promise<Map<string, string>> {
  try {
    return await judgedTogether(trial, records);
  } catch (error) {
    if (!isWeirError(error) || error.code !== 'BATCH_TOO_LARGE' || records.length < 2) throw error;
    const half = Math.ceil(records.length / 2);
    return new Map([...(await judged(trial, records.slice(0, half))), ...(await judged(trial, records.slice(half)))]);
  }
}

async function judgedTogether(trial: Trial, records: readonly TriedRecord[]): Promise<Map<string, string>> {
  const { definition, version } = trial;
  const batch = batchPlan(definition);
  const columns = recordColumns(batchOf(batch.source.topic, records));
  const result = await runBatch({ ...trial, pipeline: definition.name, columns, batch, engine: `${definition.name}@${version}` });
  return new Map(rejectsOf(result).map((reject) => [records[reject.ordinal]?.row.id ?? '', brokenReason(reject, batch.plan.rules)]));
}

/** Every record is a range of its own: their places are what they were, and in no order. */
function batchOf(topic: string, records: readonly TriedRecord[]): RecordBatch {
  const lengths = (of: (record: TriedRecord) => Buffer | null): Buffer => {
    const packed = Buffer.alloc(4 * records.length);
    records.forEach((record, n) => packed.writeInt32LE(of(record)?.length ?? -1, 4 * n));
    return packed;
  };
  return {
    topic,
    values: Buffer.concat(records.flatMap(({ value }) => [value ?? Buffer.alloc(0), Buffer.of(VALUE_SEPARATOR)])),
    valueLengths: lengths(({ value }) => value),
    keys: Buffer.concat(records.flatMap(({ row }) => row.key ?? [])),
    keyLengths: lengths(({ row }) => row.key),
    timestamps: Buffer.alloc(8 * records.length),
    ranges: records.map(({ row }) => rangeOf(row)),
    headers: records.flatMap(({ row }, ordinal) => quarantinedHeaders(row.headers).map((header) => ({ ordinal, ...header }))),
    poisoned: [],
  };
}

function rangeOf({ file, line, partition }: OpenRow): RecordRange {
  const [, log] = /:(\d+)$/.exec(file) ?? [];
  if (log === undefined) throw new WeirError({ code: 'INTERNAL', message: `\`${file}\` is no partition of a topic.` });
  return { partition: Number(log), offset: Number(line), count: 1, grain: partition };
}
