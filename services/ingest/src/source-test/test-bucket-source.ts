import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { objectPart, sliceBucket, testS3, type S3Object } from '@weir/connectors';
import { isReadInSequence, WHOLE, type Interval, type S3Source } from '@weir/core';
import type { SourceFinding } from '@weir/rpc';
import { Bucket } from '@weir/s3';
import { connectionOf } from '../source-connections';
import { right } from './finding';
import { foundFinding, type FoundFiles } from './found-files';
import { beginningFindings } from './test-file-source';
import type { TestedSource } from './tested-source';

/** Of an object: enough for its first records. */
const BEGINNING_BYTES = 1024 * 1024;

/** Which objects there are, and how the first one begins. */
export async function testBucketSource(source: S3Source, tested: TestedSource): Promise<SourceFinding[]> {
  const connection = connectionOf(tested.definition, source.connection, 's3');
  const { definition, dataset, egress, secretOf, engine, scratch, signal } = tested;
  const interval = isReadInSequence(source) ? undefined : tested.interval;
  const options = { signal, address: (host: string, port: number) => egress.address(host, port), secretOf, limits: { tries: 1 } };
  const bucket = Bucket.open(source, connection, options);
  try {
    const { first, ...found } = interval ? await objectsOf(bucket, source, interval, definition.grain) : anyObjects(source, await testS3(source, connection, options));
    const answers = right('connection', `The store${connection.host === undefined ? ` of AWS in ${connection.region}` : ` at ${connection.host}`} answers for the bucket ${source.bucket}.`, { place: source.connection });
    const findings = [answers, foundFinding(found, source, interval, definition)];
    if (!first) return findings;
    const path = join(scratch, 'beginning');
    const cut = await storeBeginning(bucket, first, path, signal);
    return [...findings, ...(await beginningFindings(source, dataset, { path, name: first.key, cut, engine, scratch, signal }))];
  } finally {
    bucket.close();
  }
}

type Found = FoundFiles & { readonly first: S3Object | undefined };

async function objectsOf(bucket: Bucket, source: S3Source, interval: Interval, grain: string | undefined): Promise<Found> {
  const { objects, partitions } = await sliceBucket(bucket, { path: source.path, empty: 'allow' }, interval, grain);
  const full = new Set(objects.map(({ partition }) => partition));
  const empty = partitions.filter((partition) => !full.has(partition));
  return { ...of(source), names: objects.map(({ key }) => key), count: objects.length, bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0), more: false, empty, grains: partitions.length, first: objects[0] };
}

function anyObjects(source: S3Source, { first, objects, bytes, more }: Awaited<ReturnType<typeof testS3>>): Found {
  const [one] = first;
  return { ...of(source), names: first.map(({ key }) => key), count: objects, bytes, more, empty: [], grains: 1, first: one && { ...one, partition: WHOLE } };
}

function of({ bucket, path }: S3Source): Pick<FoundFiles, 'noun' | 'place'> {
  return { noun: 'object', place: `${bucket}/${path}` };
}

/** Writes an object, or its first MiB (or so many bytes), to a file; whether that is not all of it. */
export async function storeBeginning(bucket: Bucket, object: S3Object, path: string, signal: AbortSignal, most = BEGINNING_BYTES): Promise<boolean> {
  const file = await open(path, 'wx');
  let bytes = 0;
  try {
    for await (const chunk of objectPart(bucket, object, signal).bytes) {
      await file.appendFile(chunk);
      bytes += chunk.length;
      if (bytes >= most) break;
    }
    return bytes < object.bytes;
  } finally {
    await file.close();
  }
}
