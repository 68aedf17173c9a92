import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Decoder } from './kafkajs-internals';
import type { LogRecord } from './log-records';
import { decodeRecordBatch } from './record-batch';
import { batchOf, encodeRecords, recordsOf, type KafkaJsRecord, type TestRecord } from '@weir/testkit';

/** CI takes 300 cases; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 300);

/** kafkajs's own decoder of batches: the oracle for every batch that it can read. */
const decodeByKafkajs = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: Decoder) => Promise<{ records: KafkaJsRecord[] }>;

const bytes = fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array));
const header = fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 }));
const record = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  gap: fc.constantFrom(0, 0, 0, 1, 100),
  timestampDelta: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })),
  headers: fc.dictionary(fc.constantFrom('', 'a', 'traceparent', '漢', '1'), header, { noNullPrototype: true }),
});
const records = fc.array(record, { minLength: 1, maxLength: 20 }).map((list) => {
  let offset = -1;
  return list.map(({ gap, ...fields }): TestRecord => ({ ...fields, offsetDelta: (offset += 1 + gap) }));
});
const fields = fc.record({
  baseOffset: fc.oneof(fc.bigInt({ min: 0n, max: 10_000n }), fc.bigInt({ min: 0n, max: 2n ** 62n })),
  baseTimestamp: fc.oneof(fc.constant(1_700_000_000_000n), fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n })),
  attributes: fc.constantFrom(0, 0x08, 0x10, 0x20, 0x18),
});

/** What ours and kafkajs's records have in common, for comparing without regard to prototypes. A double holds offsets and times of 2^53 and more as well as it can. */
function plain(records: readonly (LogRecord | KafkaJsRecord)[]): unknown {
  return JSON.parse(JSON.stringify(records.map(({ offset, timestamp, key, value, headers }) => ({ offset: Number(offset), timestamp: Number(timestamp), key, value, headers }))));
}

async function recordsIn(batch: Buffer): Promise<LogRecord[]> {
  return [...(await decodeRecordBatch(batch)).batch.records];
}

async function reasonsIn(batch: Buffer): Promise<(string | undefined)[]> {
  return (await recordsIn(batch)).map(({ poison }) => poison?.reason);
}

describe('a record batch', () => {
  it('gives the records that kafkajs gives, compressed or not, and none that are the protocol\'s own', async () => {
    await fc.assert(
      fc.asyncProperty(records, fields, fc.boolean(), async (list, header, compressed) => {
        const payload = encodeRecords(list);
        const attributes = header.attributes | (compressed ? 1 : 0);
        const lastOffsetDelta = list.at(-1)?.offsetDelta ?? 0;
        const batch = batchOf({ ...header, attributes, payload: compressed ? gzipSync(payload) : payload, count: list.length, lastOffsetDelta });
        const expected = await decodeByKafkajs(new Decoder(batch));
        const decoded = (await decodeRecordBatch(batch)).batch;
        const isControlRecord = (attributes & 0x20) !== 0;
        expect(decoded).toMatchObject({ isControlRecord, offset: String(Number(expected.records.at(-1)?.offset)) });
        expect(plain([...decoded.records])).toEqual(isControlRecord ? [] : plain(expected.records));
        expect(decoded.records.poisoned).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });

  // kafkajs finds something under these names in every object, and makes arrays of it.
  it.each(['__proto__', 'constructor'])('keeps a header that is named %s as a header', async (name) => {
    const headers = JSON.parse(`{"${name}":"x"}`) as Record<string, string>;
    const payload = encodeRecords([{ key: null, value: null, offsetDelta: 0, headers }]);
    const [record] = await recordsIn(batchOf({ payload, count: 1 }));
    expect(Object.getPrototypeOf(record?.headers)).toBe(Object.prototype);
    expect(Object.entries(record?.headers ?? {})).toEqual([[name, Buffer.from('x')]]);
  });

  it('is substituted record by record when it cannot be read, up to its last offset', async () => {
    const batch = batchOf({ baseOffset: 40n, payload: Buffer.from('no gzip'), count: 3, lastOffsetDelta: 9, attributes: 1 });
    const records = await recordsIn(batch);
    expect(records.map(({ offset, key, value }) => [offset, key, value])).toEqual([[40, null, null], [41, null, null], [49, null, null]]);
    expect(records.map(({ poison }) => poison)).toEqual([batch, undefined, undefined].map((bytes) => ({ reason: 'compressed_corrupt', bytes })));
  });

  it('of a codec that nobody has is substituted', async () => {
    for (const codec of [5, 6, 7]) {
      expect(await reasonsIn(batchOf({ payload: Buffer.from('?'), count: 2, attributes: codec }))).toEqual(['codec_unknown', 'codec_unknown']);
    }
  });

  it('keeps at most 1 MiB of what it was', async () => {
    const batch = batchOf({ payload: Buffer.alloc(3_000_000, 1), count: 1, attributes: 3 });
    const [record] = await recordsIn(batch);
    expect(record?.poison?.bytes?.equals(batch.subarray(0, 1024 * 1024))).toBe(true);
  });

  const two = encodeRecords(recordsOf('a', 'b'));
  test.each<[string, Parameters<typeof batchOf>[0]]>([
    ['fewer records than it says', { payload: two, count: 3 }],
    ['more records than it says', { payload: two, count: 1 }],
    ['a record cut off', { payload: two.subarray(0, -1), count: 2 }],
    ['nothing at all', { payload: Buffer.alloc(0), count: 2 }],
    ['offsets that do not rise', { payload: encodeRecords([...recordsOf('a'), ...recordsOf('b')]), count: 2 }],
    ['an offset after its last', { payload: encodeRecords([{ key: null, value: null, offsetDelta: 5 }]), count: 1, lastOffsetDelta: 4 }],
    ['a count below zero', { payload: two, count: -5, lastOffsetDelta: 1 }],
    ['a length without end', { payload: Buffer.alloc(20, 0xff), count: 1 }],
    ['bytes after a record inside it', { payload: Buffer.from([16, 0, 0, 0, 1, 1, 0, 99, 99]), count: 1 }],
    ['a count of headers out of nowhere', { payload: Buffer.from([20, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f]), count: 1 }],
  ])('with %s is records_corrupt', async (_, batch) => {
    const records = await recordsIn(batchOf(batch));
    expect(records).toHaveLength(Math.max(1, batch.count));
    expect(records.every(({ poison }) => poison?.reason === 'records_corrupt')).toBe(true);
    expect(records.at(-1)?.offset).toBe(Math.max(0, batch.lastOffsetDelta ?? batch.count - 1));
  });

  test.each([2 ** 31 - 1, 200_001])('of %i records is one substitute at its last offset', async (count) => {
    const records = await recordsIn(batchOf({ payload: two, count, attributes: 0 }));
    expect(records.map(({ offset, poison }) => [offset, poison?.reason])).toEqual([[count - 1, 'too_many_records']]);
  });

  it('with a record of very many headers is too_many_records', async () => {
    const headers = Buffer.concat([Buffer.from([0, 0, 0, 1, 1]), varint(200_001), Buffer.alloc(2 * 200_001)]);
    expect(await reasonsIn(batchOf({ payload: Buffer.concat([varint(headers.length), headers]), count: 1 }))).toEqual(['too_many_records']);
  });

  it('gives records or substitutes, and never throws, whatever happened to its bytes', async () => {
    const edit = fc.tuple(fc.nat(), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(records, fc.array(edit, { minLength: 1, maxLength: 6 }), fc.boolean(), async (list, edits, compressed) => {
        const payload = encodeRecords(list);
        for (const [at, byte] of edits) payload[at % payload.length] = byte;
        const lastOffsetDelta = list.at(-1)?.offsetDelta ?? 0;
        const { batch } = await decodeRecordBatch(batchOf({ payload: compressed ? gzipSync(payload) : payload, count: list.length, lastOffsetDelta, attributes: compressed ? 1 : 0 }));
        const read = [...batch.records];
        expect(read).toHaveLength(list.length);
        const offsets = read.map(({ offset }) => offset);
        expect(offsets).toEqual([...new Set(offsets)].toSorted((a, b) => a - b));
        // A consumer gets past the batch also where its last record has another offset now.
        expect(offsets.at(-1)).toBeLessThanOrEqual(lastOffsetDelta);
        expect(batch).toMatchObject({ offset: String(lastOffsetDelta), isControlRecord: false });
      }),
      { numRuns: RUNS },
    );
  });
});

/** A zigzag number, as Kafka writes it. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value * 2;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
