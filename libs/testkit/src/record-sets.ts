import { once } from 'node:events';
import { connect } from 'node:net';
import type { IHeaders } from 'kafkajs';

/** kafkajs's writer of protocol values. */
interface Encoder {
  readonly buffer: Buffer;
  writeEncoder(other: Encoder): Encoder;
}
const Encoder = require('kafkajs/src/protocol/encoder') as new () => Encoder;
const crc32C = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number;
const newRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: TestRecord) => Encoder;

export interface TestRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly offsetDelta: number;
  readonly timestampDelta?: number;
  readonly headers?: IHeaders;
}

/** What kafkajs's own decoders make of a record. */
export interface KafkaJsRecord {
  readonly offset: string;
  readonly timestamp?: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: IHeaders;
  readonly isControlRecord?: boolean;
}

/** A record at each offset from 0, with the values given. */
export function recordsOf(...values: readonly (string | null)[]): TestRecord[] {
  return values.map((value, offsetDelta) => ({ key: null, value: value === null ? null : Buffer.from(value), offsetDelta }));
}

/** The records of a batch before compression, by kafkajs's encoder. */
export function encodeRecords(records: readonly TestRecord[]): Buffer {
  return records.reduce((all, record) => all.writeEncoder(newRecord(record)), new Encoder()).buffer;
}

export interface BatchFields {
  readonly payload: Buffer;
  readonly count: number;
  readonly baseOffset?: bigint;
  readonly baseTimestamp?: bigint;
  readonly maxTimestamp?: bigint;
  readonly attributes?: number;
  readonly lastOffsetDelta?: number;
}

/** Records without key and value at so many offsets from 0. */
export function emptyRecords(count: number): TestRecord[] {
  return Array.from({ length: count }, (_, offsetDelta) => ({ key: null, value: null, offsetDelta }));
}

/** A record batch of format 2 with any header over any bytes; the low three bits of `attributes` are the codec. */
export function batchOf({ payload, count, baseOffset = 0n, baseTimestamp = 1_700_000_000_000n, maxTimestamp = baseTimestamp, attributes = 0, lastOffsetDelta = count - 1 }: BatchFields): Buffer {
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(baseOffset, 0);
  header.writeInt32BE(49 + payload.length, 8);
  header.writeInt8(2, 16);
  header.writeInt16BE(attributes, 21);
  header.writeInt32BE(lastOffsetDelta, 23);
  header.writeBigInt64BE(baseTimestamp, 27);
  header.writeBigInt64BE(maxTimestamp, 35);
  // Not of an idempotent producer.
  header.fill(0xff, 43, 57);
  header.writeInt32BE(count, 57);
  const batch = Buffer.concat([header, payload]);
  batch.writeUInt32BE(crc32C(batch.subarray(21)), 17);
  return batch;
}

/** A whole fetch response of a protocol version, with the record sets of the partitions of one topic. */
export function fetchResponse(version: number, recordSets: readonly Buffer[]): Buffer {
  const partition = (records: Buffer, index: number): Buffer => {
    const start = version < 5 ? [] : [int64(11)];
    const replica = version < 11 ? [] : [int32(-1)];
    return Buffer.concat([int32(index), int16(0), int64(1000), int64(999), ...start, int32(1), int64(77), int64(5), ...replica, bytes(records)]);
  };
  const session = version < 7 ? [] : [int16(0), int32(6)];
  return Buffer.concat([int32(42), ...session, int32(1), text('topic'), int32(recordSets.length), ...recordSets.map(partition)]);
}

/** Appends one record set to partition 0 of a topic as it is, by a request of our own: kafkajs has no way to send a batch of one's own making. Throws Kafka's error code when the broker refuses it. */
export async function produce(address: string, topic: string, records: Buffer): Promise<void> {
  const header = Buffer.concat([int16(0), int16(3), int32(1), text('weir-test')]);
  const body = Buffer.concat([int16(-1), int16(1), int32(30_000), int32(1), text(topic), int32(1), int32(0), bytes(records)]);
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  try {
    socket.write(bytes(Buffer.concat([header, body])));
    const [response] = (await once(socket, 'data')) as [Buffer];
    const code = response.readInt16BE(4 + 4 + 4 + 2 + topic.length + 4 + 4);
    if (code !== 0) throw new Error(`The broker refused the batch with error ${code}.`);
  } finally {
    socket.destroy();
  }
}

function int16(value: number): Buffer {
  return Buffer.from([value >> 8, value]);
}

function int32(value: number): Buffer {
  return Buffer.from([value >> 24, value >> 16, value >> 8, value]);
}

function int64(value: number): Buffer {
  return Buffer.concat([int32(0), int32(value)]);
}

function text(value: string): Buffer {
  return Buffer.concat([int16(value.length), Buffer.from(value)]);
}

function bytes(value: Buffer): Buffer {
  return Buffer.concat([int32(value.length), value]);
}
