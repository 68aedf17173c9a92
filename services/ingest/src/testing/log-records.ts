import { decodeRecordBatch, type LogRecord, type LogRecords } from '@weir/connectors';
import { batchOf, encodeRecords } from '@weir/testkit';

/** What a test says of a record. */
export interface Made extends Partial<Omit<LogRecord, 'offset' | 'poison'>> {
  readonly offset: number;
}

/** Records as a broker would send them, in one batch; the offsets rise. */
export async function logRecords(made: readonly Made[]): Promise<LogRecords> {
  const first = made[0]?.offset ?? 0;
  const payload = encodeRecords(made.map(({ offset, timestamp = 0, key = null, value = null, headers = {} }) => ({ key, value, headers, offsetDelta: offset - first, timestampDelta: timestamp })));
  const { batch } = await decodeRecordBatch(batchOf({ payload, count: made.length, baseOffset: BigInt(first), baseTimestamp: 0n, lastOffsetDelta: (made.at(-1)?.offset ?? first) - first }));
  return batch.records;
}
