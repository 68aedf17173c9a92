import type { S3ConnectionSettings } from '@weir/core';
import { Bucket, type S3Limits, type S3Options } from '@weir/s3';
import type { TestS3 } from '@weir/testkit';

/** A connection to a test's server, or to a proxy before it. */
export function connectionTo({ region }: TestS3, { host, port }: { readonly host: string; readonly port: number }, changes: Partial<S3ConnectionSettings> = {}): S3ConnectionSettings {
  return { type: 's3', host, port, tls: false, region, accessKeyId: 'WEIR', secretAccessKey: { secret: 'STORE' }, ...changes };
}

/** The login of a test's server; names of secrets are not looked at. Waits between tries are short. */
export function optionsFor({ secretAccessKey }: Pick<TestS3, 'secretAccessKey'>, { limits = {}, ...changes }: Partial<S3Options> & { readonly limits?: Partial<S3Limits> } = {}): S3Options {
  return {
    signal: new AbortController().signal,
    address: (host) => Promise.resolve(host),
    secretOf: () => ({ reveal: () => secretAccessKey }),
    limits: { backoffMs: 5, maxBackoffMs: 20, ...limits },
    ...changes,
  };
}

/** A bucket of a test's server, reached through a proxy before it. */
export function bucketAt(server: TestS3, name: string, through: { readonly host: string; readonly port: number }, { connection = {}, ...changes }: Parameters<typeof optionsFor>[1] & { readonly connection?: Partial<S3ConnectionSettings> } = {}): Bucket {
  return Bucket.open({ bucket: name }, connectionTo(server, through, { accessKeyId: server.accessKeyId, ...connection }), optionsFor(server, changes));
}
