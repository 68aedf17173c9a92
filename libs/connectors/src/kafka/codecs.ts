import { CompressionCodecs } from 'kafkajs';
import { fetchDecoder } from './fetch-response';
import { connectAfresh } from './fresh-connections';
import { deflateGzip } from './gzip';
import { CODEC, inflate } from './inflate';
import { FETCH_RESPONSES } from './kafkajs-internals';
import { deflateLz4 } from './lz4';
import { deflateSnappy } from './snappy';
import { deflateZstd } from './zstd';

type Deflate = (bytes: Buffer) => Buffer | Promise<Buffer>;

/** What kafkajs expects of a codec. */
interface Codec {
  /** Of a producer's encoder, whose buffer holds the records. */
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  /** Only called for messages in the formats before Kafka 0.11; `decodeOldMessage` catches what it throws. */
  decompress(bytes: Buffer): Promise<Buffer>;
}

/**
 * Gives kafkajs every codec of Kafka, for producers, and replaces how it reads fetch responses, for consumers: decompression is bounded,
 * a batch that cannot be read gives substitutes, and what kafkajs takes for a message is a whole batch (FetchedBatch). A connection that is made again begins with nothing of the one before. For the whole process; calling it again changes nothing.
 */
export function registerCodecs(): void {
  const codecs = CompressionCodecs as Record<number, () => Codec>;
  codecs[CODEC.gzip] = () => codec(CODEC.gzip, deflateGzip);
  codecs[CODEC.snappy] = () => codec(CODEC.snappy, deflateSnappy);
  codecs[CODEC.lz4] = () => codec(CODEC.lz4, deflateLz4);
  codecs[CODEC.zstd] = () => codec(CODEC.zstd, deflateZstd);
  for (const [version, response] of FETCH_RESPONSES) response.decode = fetchDecoder(version);
  connectAfresh();
}

function codec(id: number, deflate: Deflate): Codec {
  return {
    compress: async ({ buffer }) => deflate(buffer),
    decompress: async (bytes) => {
      const inflated = await inflate(id, bytes);
      if (typeof inflated === 'string') throw new Error(inflated);
      return inflated;
    },
  };
}
