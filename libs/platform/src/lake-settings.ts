import { WeirError, type S3ConnectionSettings } from '@weir/core';
import type { EnvReader } from './environment';
import type { Secret } from './secret';

/** Where the lake is kept: a folder, or a bucket and how to reach it. */
export type LakeSettings = { readonly folder: string } | BucketSettings;

interface BucketSettings {
  readonly bucket: string;
  /** Of all keys: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly connection: Omit<S3ConnectionSettings, 'secretAccessKey'>;
  readonly secretAccessKey: Secret | undefined;
  readonly cache: { readonly folder: string; readonly bytes: number };
}

const MAX_PORT = 65_535;
const MEGABYTE = 1_000_000;
const CACHE_MB = 10_000;
/** What S3 allows as the name of a bucket, then names that need no escape in keys. */
const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/((?:[A-Za-z0-9._-]+\/)*[A-Za-z0-9._-]+))?\/?$/;

/**
 * WEIR_LAKE: a folder, or `s3://bucket/prefix`; for a bucket WEIR_LAKE_S3_HOST (none: AWS), _PORT, _TLS, _REGION, _ACCESS_KEY_ID and _SECRET_ACCESS_KEY, WEIR_LAKE_CACHE (a folder of this machine) and WEIR_LAKE_CACHE_MB.
 * Throws MISSING_KEY and INVALID_VALUE.
 */
export function lakeSettings(env: EnvReader): LakeSettings {
  const place = env.text('WEIR_LAKE');
  if (!/^[a-z0-9+]+:\/\//i.test(place)) return { folder: place };
  const [, bucket, prefix] = ADDRESS.exec(place) ?? [];
  if (bucket === undefined || prefix?.split('/').some((name) => name === '.' || name === '..')) {
    throw new WeirError({ code: 'INVALID_VALUE', place: 'WEIR_LAKE', message: `WEIR_LAKE is \`${place}\`.`, fix: 'Write a folder, or s3://bucket/prefix with letters, digits, dots, dashes and underscores.' });
  }
  return {
    bucket,
    prefix: prefix === undefined ? '' : `${prefix}/`,
    ...loginSettings(env),
    cache: { folder: env.text('WEIR_LAKE_CACHE'), bytes: env.integer('WEIR_LAKE_CACHE_MB', CACHE_MB, { min: 1, max: 100_000_000 }) * MEGABYTE },
  };
}

function loginSettings(env: EnvReader): Pick<BucketSettings, 'connection' | 'secretAccessKey'> {
  const [host, accessKeyId] = [env.optional('WEIR_LAKE_S3_HOST'), env.optional('WEIR_LAKE_S3_ACCESS_KEY_ID')];
  const port = env.optional('WEIR_LAKE_S3_PORT') === undefined ? undefined : env.integer('WEIR_LAKE_S3_PORT', undefined, { min: 1, max: MAX_PORT });
  const connection = { type: 's3', host, port, tls: env.flag('WEIR_LAKE_S3_TLS', true), region: env.text('WEIR_LAKE_S3_REGION', 'us-east-1'), accessKeyId } as const;
  return { connection, secretAccessKey: accessKeyId === undefined ? undefined : env.secret('WEIR_LAKE_S3_SECRET_ACCESS_KEY') };
}
