import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { join } from 'node:path';
import type { S3ConnectionSettings } from '@weir/core';
import type { S3Limits, S3Options } from '@weir/s3';
import { Lake } from './lake';

/** Where the lake is kept. */
export type LakePlace = { readonly folder: string } | LakeBucket;

/** A bucket, and how a service reaches it. */
export interface LakeBucket {
  readonly bucket: string;
  /** Of all keys: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly connection: Omit<S3ConnectionSettings, 'secretAccessKey'>;
  readonly secretAccessKey?: { reveal(): string } | undefined;
  /** Folder on this machine, in which each process has one of its own for copies and temporary files, and most bytes of copies. */
  readonly cache: { readonly folder: string; readonly bytes: number };
  readonly limits?: Partial<S3Limits> | undefined;
  readonly partBytes?: number | undefined;
}

/** A service asks every second whether the bucket is there. */
const PROBE_LIMITS = { tries: 1, connectMs: 3_000, idleMs: 5_000 };
const SECRET = 'WEIR_LAKE_S3_SECRET_ACCESS_KEY';

/** The lake in the place that the operator chose. Reaches no bucket yet. */
export async function openLake(place: LakePlace): Promise<Lake> {
  if ('folder' in place) return new Lake(place.folder);
  // Only who keeps the lake in a bucket pays for the client.
  const [{ Bucket }, { S3Store }] = await Promise.all([import('@weir/s3'), import('./s3-store')]);
  const { bucket, prefix, connection, secretAccessKey, cache, limits = {}, partBytes } = place;
  const settings = { ...connection, ...(secretAccessKey ? { secretAccessKey: { secret: SECRET } } : {}) };
  const optionsWith = (changes: Partial<S3Limits>): S3Options => ({
    signal: new AbortController().signal,
    // The operator's own store may be on any network.
    address: async (host) => (await lookup(host)).address,
    secretOf: () => secretAccessKey ?? { reveal: () => '' },
    limits: { ...limits, ...changes },
  });
  const root = ownFolder(cache.folder);
  const temporary = join(root, 'tmp');
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const asked = Bucket.open({ bucket }, settings, optionsWith({}));
  const probe = Bucket.open({ bucket }, settings, optionsWith(PROBE_LIMITS));
  return new Lake(root, (absolute) => new S3Store({ bucket: asked, probe, prefix, root, temporary, absolute, cacheBytes: cache.bytes, partBytes }));
}

/** A folder for this process, and none of processes that are gone: what they left is not to be trusted. */
function ownFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    const pid = Number(/^process-(\d{1,10})$/.exec(name)?.[1]);
    if (pid === process.pid || (pid > 0 && !isAlive(pid))) rmSync(join(folder, name), { recursive: true, force: true });
  }
  return join(folder, `process-${process.pid}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
