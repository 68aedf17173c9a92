import { readObject, type Bucket } from '@weir/s3';
import type { RawPart } from '../raw-part';
import type { S3Object } from './slice';

/** An object as a part of the raw zone. Reading it throws what the bucket throws, and TornRead for an object that changes meanwhile, or whose bytes are not those of its checksum. */
export function objectPart(bucket: Bucket, object: S3Object, signal: AbortSignal): RawPart {
  return { name: object.key, partition: object.partition, bytes: readObject(bucket, object, signal) };
}
