import { createHash } from 'node:crypto';
import { logRecords, type Made } from '../testing/log-records';
import { MAX_RECORD_BYTES, type Gathered } from './gatherer';
import { recordBatch } from './record-batch';

/** Partitions with their records. */
async function gathered(...partitions: readonly (readonly Made[])[]): Promise<Gathered> {
  const parts = await Promise.all(partitions.map(async (made, partition) => ({ partition, records: [await logRecords(made)], ranges: [{ partition, offset: made[0]?.offset ?? 0, count: made.length, grain: 'g' }] })));
  return { parts, ranges: [], records: partitions.reduce((sum, { length }) => sum + length, 0) };
}

const refuse = (): Promise<string> => Promise.reject(new Error('Nothing is large.'));
const int32 = (bytes: Uint8Array): number[] => Array.from({ length: bytes.length / 4 }, (_, at) => Buffer.from(bytes).readInt32LE(4 * at));

test('puts values, keys and times in columns, in the order of partitions', async () => {
  const batch = await recordBatch(
    'clicks',
    await gathered(
      [{ offset: 5, value: Buffer.from('{"a":1}'), key: Buffer.from('k'), timestamp: 1_764_000_000_123 }, { offset: 6, value: null, key: Buffer.from('gone') }],
      [{ offset: 9, value: Buffer.alloc(0) }],
    ),
    refuse,
  );
  expect(Buffer.from(batch.values).toString('latin1')).toBe('{"a":1}\x1e\x1e\x1e');
  expect(int32(batch.valueLengths)).toEqual([7, -1, 0]);
  expect(Buffer.from(batch.keys).toString()).toBe('kgone');
  expect(int32(batch.keyLengths)).toEqual([1, 4, -1]);
  expect(Buffer.from(batch.timestamps).readBigInt64LE(0)).toBe(1_764_000_000_123n);
  expect(batch.ranges).toEqual([
    { partition: 0, offset: 5, count: 2, grain: 'g' },
    { partition: 1, offset: 9, count: 1, grain: 'g' },
  ]);
});

test('keeps times before 1970', async () => {
  const { timestamps } = await recordBatch('t', await gathered([{ offset: 0, timestamp: -1 }, { offset: 1, timestamp: -5_000_000_000_001 }]), refuse);
  expect([0, 8].map((at) => Buffer.from(timestamps).readBigInt64LE(at))).toEqual([-1n, -5_000_000_000_001n]);
});

test('takes headers along, repeated ones too', async () => {
  const { headers } = await recordBatch('t', await gathered([{ offset: 0 }, { offset: 1, headers: { a: Buffer.from('1'), b: [Buffer.from('2'), '3'] } }]), refuse);
  expect(headers.map(({ ordinal, name, value }) => [ordinal, name, Buffer.from(value).toString()])).toEqual([[1, 'a', '1'], [1, 'b', '2'], [1, 'b', '3']]);
});

test('sets a record aside that is too large to travel, and leaves its value empty', async () => {
  const large = Buffer.alloc(MAX_RECORD_BYTES + 1, 'x');
  const kept: Buffer[] = [];
  const batch = await recordBatch('t', await gathered([{ offset: 0, value: large }, { offset: 1, value: Buffer.from('{}') }]), (bytes) => {
    kept.push(bytes);
    return Promise.resolve(createHash('sha256').update(bytes).digest('hex'));
  });
  expect(batch.poisoned).toEqual([{ ordinal: 0, reason: 'too_large', original: Buffer.alloc(0), originalPath: createHash('sha256').update(large).digest('hex'), length: large.length }]);
  expect(kept).toEqual([large]);
  expect(int32(batch.valueLengths)).toEqual([0, 2]);
  expect(Buffer.from(batch.values).toString('latin1')).toBe('\x1e{}\x1e');
});
