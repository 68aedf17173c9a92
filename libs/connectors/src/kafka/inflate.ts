import { inflateGzip } from './gzip';
import { inflateLz4 } from './lz4';
import type { BatchFault } from './batch-fault';
import { inflateSnappy } from './snappy';
import { inflateZstd } from './zstd';

/** Most bytes that a record batch may have once it is decompressed. */
export const MAX_INFLATED_BYTES = 32 * 1024 * 1024;

/** The codecs of Kafka by their number in a batch's attributes. */
export const CODEC = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** Decompresses the records of a batch, whatever the bytes are: it gives the reason where others throw. */
export async function inflate(codec: number, bytes: Buffer): Promise<Buffer | BatchFault> {
  switch (codec) {
    case CODEC.none:
      return bytes;
    case CODEC.gzip:
      return inflateGzip(bytes, MAX_INFLATED_BYTES);
    case CODEC.snappy:
      return inflateSnappy(bytes, MAX_INFLATED_BYTES);
    case CODEC.lz4:
      return inflateLz4(bytes, MAX_INFLATED_BYTES);
    case CODEC.zstd:
      return inflateZstd(bytes, MAX_INFLATED_BYTES);
    default:
      return 'codec_unknown';
  }
}
