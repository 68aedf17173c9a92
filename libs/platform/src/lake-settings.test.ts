import { inspect } from 'node:util';
import { readEnvironment } from './environment';
import { lakeSettings } from './lake-settings';

const settings = (env: Record<string, string>): ReturnType<typeof lakeSettings> => lakeSettings(readEnvironment(env));
const LOGIN = { WEIR_LAKE_S3_ACCESS_KEY_ID: 'WEIR', WEIR_LAKE_S3_SECRET_ACCESS_KEY: 'not to be shown', WEIR_LAKE_CACHE: '/cache' };

it('takes everything that has no scheme for a folder', () => {
  for (const folder of ['/var/lake', 'lake', 'C:\\lake', 's3:/lake']) expect(settings({ WEIR_LAKE: folder })).toEqual({ folder });
});

it('takes a bucket of AWS with its login, and room for 10 GB of copies', () => {
  expect(settings({ WEIR_LAKE: 's3://our-lake/weir/prod', ...LOGIN })).toMatchObject({ bucket: 'our-lake', prefix: 'weir/prod/', connection: { type: 's3', host: undefined, port: undefined, tls: true, region: 'us-east-1', accessKeyId: 'WEIR' }, cache: { folder: '/cache', bytes: 10_000_000_000 } });
});

it('takes a store of one\'s own, with no prefix and a bound of its own', () => {
  const found = settings({ WEIR_LAKE: 's3://lake', ...LOGIN, WEIR_LAKE_S3_HOST: 'minio', WEIR_LAKE_S3_PORT: '9000', WEIR_LAKE_S3_TLS: 'off', WEIR_LAKE_S3_REGION: 'eu', WEIR_LAKE_CACHE_MB: '250' });
  expect(found).toMatchObject({ bucket: 'lake', prefix: '', connection: { host: 'minio', port: 9000, tls: false, region: 'eu' }, cache: { bytes: 250_000_000 } });
});

it('never shows the secret, and wants it with the key', () => {
  expect(inspect(settings({ WEIR_LAKE: 's3://our-lake', ...LOGIN }), { depth: 10, showHidden: true })).not.toContain('not to be shown');
  expect(() => settings({ WEIR_LAKE: 's3://our-lake', WEIR_LAKE_CACHE: '/cache', WEIR_LAKE_S3_ACCESS_KEY_ID: 'WEIR' })).toThrow('WEIR_LAKE_S3_SECRET_ACCESS_KEY');
  expect(() => settings({ WEIR_LAKE: 's3://our-lake' })).toThrow('WEIR_LAKE_CACHE');
});

it.each(['s3://', 's3://UPPER/x', 's3://lake/a//b', 's3://lake/../x', 's3://lake/a b', 'gs://lake/x', 's3://key:secret@lake/x'])('refuses %s', (place) => {
  expect(() => settings({ WEIR_LAKE: place, ...LOGIN })).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', place: 'WEIR_LAKE', fix: expect.stringContaining('s3://bucket/prefix') }) as Error);
});
