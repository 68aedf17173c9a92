import type { TimedMessage } from './producers';
import { WeirError } from '@weir/core';
import type { PushRecord, PushRequest } from '@weir/rpc';

/** What goes to Kafka at a time. A broker takes batches up to 1 MiB unless it is told otherwise, and all of these may go to one partition. */
const BATCH = { records: 1_000, bytes: 1_000_000 };
/** What a call may bring. */
const CALL = { records: 1_000_000, bytes: 64 * 1024 * 1024 };
const RECORD_BYTES = 1024 * 1024;
/** Of a record in a batch: lengths, offsets, times, and our headers. */
const OVERHEAD = 150;
const MOST_HEADERS = 100;
/** The last instant with a year of four digits, milliseconds. */
const LATEST_MS = 253_402_300_799_999;

/** Says which call brought a record, and which one of the call it was, from 0. */
const PUSH_HEADER = 'weir-push';
const TRACE_HEADER = 'traceparent';

/** What every record of a call gets. */
export interface PushMarks {
  readonly idempotencyKey: string;
  /** W3C trace context of the call, for records without one; undefined outside of a trace. */
  readonly traceparent: string | undefined;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * The records of a call as messages, in batches that Kafka takes. Throws INVALID_VALUE naming the record, counted from 0, that is larger than 1 MiB, has neither key nor value, a header of our
 * name, or a time that is none; and when the call brings more than 1,000,000 records or 64 MiB.
 */
export async function* pushBatches(requests: AsyncIterable<PushRequest>, marks: PushMarks): AsyncGenerator<TimedMessage[]> {
  let batch: TimedMessage[] = [];
  let room = BATCH.bytes;
  let bytes = 0;
  let ordinal = 0;
  for await (const { records } of requests) {
    for (const record of records) {
      const size = sizeOf(record);
      assertRecord(record, size, ordinal);
      bytes += size;
      if (ordinal >= CALL.records || bytes > CALL.bytes) throw invalid(`The call brings more than ${CALL.records} records or ${CALL.bytes} bytes.`, 'Send the rest in another call with another idempotency key.');
      if (batch.length === BATCH.records || (batch.length > 0 && size + OVERHEAD > room)) {
        yield batch;
        [batch, room] = [[], BATCH.bytes];
      }
      batch.push(messageOf(record, ordinal, marks));
      room -= size + OVERHEAD;
      ordinal += 1;
    }
  }
  if (batch.length > 0) yield batch;
}

function assertRecord({ key, value, headers, timestamp }: PushRecord, size: number, ordinal: number): void {
  if (size > RECORD_BYTES) throw invalid(`Record ${ordinal} has ${size} bytes, more than ${RECORD_BYTES}.`, 'Put large values elsewhere, and send where they are.');
  if (key.length === 0 && value === undefined) throw invalid(`Record ${ordinal} has neither key nor value.`, 'Give a tombstone the key that it deletes.');
  if (Object.hasOwn(headers, PUSH_HEADER)) throw invalid(`Record ${ordinal} has a header \`${PUSH_HEADER}\`, which is set here.`, 'Leave it out.');
  if (Object.keys(headers).length > MOST_HEADERS) throw invalid(`Record ${ordinal} has more than ${MOST_HEADERS} headers.`, 'Send fewer.');
  if (timestamp < 0 || timestamp > LATEST_MS) throw invalid(`Record ${ordinal} has the timestamp ${timestamp}.`, 'Use milliseconds since 1970, or 0 for now.');
}

function invalid(message: string, fix: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message, fix });
}

function sizeOf({ key, value, headers }: PushRecord): number {
  return Object.entries(headers).reduce((bytes, [name, header]) => bytes + Buffer.byteLength(name) + header.length, key.length + (value?.length ?? 0));
}

function messageOf({ key, value, headers, timestamp }: PushRecord, ordinal: number, { idempotencyKey, traceparent, now }: PushMarks): TimedMessage {
  const trace = traceparent === undefined || Object.hasOwn(headers, TRACE_HEADER) ? {} : { [TRACE_HEADER]: traceparent };
  const own = Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, Buffer.from(header)]));
  return {
    key: key.length === 0 ? null : Buffer.from(key),
    value: value === undefined ? null : Buffer.from(value),
    timestamp: timestamp === 0 ? now() : timestamp,
    headers: { ...own, ...trace, [PUSH_HEADER]: `${idempotencyKey}/${ordinal}` },
  };
}
