import { FILE_COLUMN, type ValidatePlan } from '@weir/core';
import type { Engine } from '@weir/engine';
import { segmentsSql } from './decode-segments';
import type { LogSegment } from './log-segments';
import type { RecordReject } from './quarantine-records';
import { archivedHeaders } from './record-headers';
import { brokenReason, type BrokenRules } from './rejects';

interface RejectedRecord extends BrokenRules {
  readonly file: number;
  readonly offset: number;
  /** Milliseconds; as text, because a producer may write any. */
  readonly timestamp: string;
  readonly value: Uint8Array | null;
  readonly key: Uint8Array | null;
  readonly headers: string | null;
}

/** All records of the segments that go to quarantine, with what the lake has of them; in no particular order. */
export async function* segmentRejects(segments: readonly LogSegment[], engine: Engine, plan: ValidatePlan): AsyncGenerator<RecordReject> {
  if (segments.length === 0) return;
  const records = segmentsSql(segments, 'kafka_offset, kafka_timestamp, key, value, headers');
  const sql = `select r.${FILE_COLUMN} as file, r.kafka_offset as "offset", r.kafka_timestamp::VARCHAR as timestamp, b.rules, b.names, r.value, r.key, r.headers from ${records} r join weir_broken b on b.file = r.${FILE_COLUMN} and b.line = r.kafka_offset`;
  for await (const page of engine.pages<RejectedRecord>(sql, 'quarantine pages')) {
    for (const record of page) {
      const { file, offset, timestamp, rules, value, key, headers } = record;
      const { name = '', partition = '' } = segments[file] ?? {};
      const original = value && { bytes: Buffer.from(value) };
      yield { log: name, offset, timestamp: BigInt(timestamp), partition, rules, reason: brokenReason(record, plan.decode.rules), original, key: key && Buffer.from(key), headers: archivedHeaders(headers) };
    }
  }
}
