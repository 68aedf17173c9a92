import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { testS3 } from '@weir/connectors';
import { WeirError, WHOLE, type S3ConnectionSettings } from '@weir/core';
import type { DiscoverSourceResponse } from '@weir/rpc';
import { Bucket } from '@weir/s3';
import { storeBeginning } from '../source-test/test-bucket-source';
import type { Discovery } from './discover-source';
import { fileDataset, formatOf } from './file-dataset';

/** An object of Parquet, which is told by its end and so read as a whole. */
const MOST_WHOLE_BYTES = 64 * 1024 * 1024;

/** What is asked for. */
interface AskedObjects {
  readonly settings: S3ConnectionSettings;
  readonly bucket: string;
  readonly key: string;
}

/** The columns of the first object that a key or pattern names, by the values of its first MiB. Throws SOURCE_MISSING where there is none, INVALID_VALUE for what its name does not say how to read. */
export async function discoverObject({ settings, bucket: name, key }: AskedObjects, { lake, engine, egress, secretOf, signal }: Discovery): Promise<DiscoverSourceResponse> {
  const path = key.replace(/^\/+/, '');
  const options = { signal, address: (host: string, port: number) => egress.address(host, port), secretOf, limits: { tries: 1 } };
  const [first] = (await testS3({ bucket: name, path }, settings, options)).first;
  if (!first) throw new WeirError({ code: 'SOURCE_MISSING', message: `No object matches ${name}/${path}.`, place: `${name}/${path}`, fix: 'Check bucket and key.' });
  const whole = formatOf(first.key) === 'parquet';
  if (whole && first.bytes > MOST_WHOLE_BYTES) throw new WeirError({ code: 'INVALID_VALUE', message: `${first.key} has ${first.bytes} bytes; of Parquet at most ${MOST_WHOLE_BYTES} are looked at.`, place: first.key, fix: 'Name a smaller object of the same kind.' });
  const bucket = Bucket.open({ bucket: name }, settings, options);
  const scratch = await lake.scratch('source-discovery', randomUUID());
  try {
    const file = join(scratch.dir, 'beginning');
    const cut = await storeBeginning(bucket, { ...first, partition: WHOLE }, file, signal, whole ? MOST_WHOLE_BYTES : undefined);
    const dataset = await fileDataset({ path: file, name: first.key, cut, scratch: scratch.dir, engine, signal });
    return { type: 's3', datasets: [{ name: path, kind: 'object', rows: undefined, ...dataset }], more: false };
  } finally {
    bucket.close();
    await scratch.dispose();
  }
}
