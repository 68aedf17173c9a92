import { join } from 'node:path';
import type { TestBucket } from '@weir/testkit';
import type { Lake } from '../lake';
import { openLake, type LakeBucket } from '../open-lake';

const MEBIBYTE = 1024 * 1024;

/** A lake below a prefix of a test's bucket, reached directly or through a proxy before its server. Waits between tries are short. */
export function bucketLake({ name, server }: TestBucket, folder: string, prefix: string, { through = server, cacheBytes = 64 * MEBIBYTE, ...changes }: Partial<LakeBucket> & { readonly through?: { readonly host: string; readonly port: number }; readonly cacheBytes?: number } = {}): Promise<Lake> {
  const { region, accessKeyId, secretAccessKey } = server;
  return openLake({
    bucket: name,
    prefix: `${prefix}/`,
    connection: { type: 's3', host: through.host, port: through.port, tls: false, region, accessKeyId },
    secretAccessKey: { reveal: () => secretAccessKey },
    cache: { folder: join(folder, prefix), bytes: cacheBytes },
    limits: { backoffMs: 5, maxBackoffMs: 20 },
    partBytes: 5 * MEBIBYTE,
    ...changes,
  });
}
