import { KafkaJSError } from 'kafkajs';
import { crc32c } from './crc32c';
import { Lru } from './lru';

/** Where a record batch of format 2 has its checksum, and from where on it holds. */
const CHECKSUM_AT = 17;
const CHECKED_FROM = 21;
/** As often as this a batch is fetched before its log is taken to be damaged, and not the way from there. */
const FETCHES = 3;
/** Places that are remembered. */
const MOST_PLACES = 1_000;

/** How often a batch came damaged, by its place. */
const damaged = new Lru<string, number>(MOST_PLACES);

/**
 * Whether a batch is what its checksum says; false for one that came damaged again and again. Before that it throws an error that has kafkajs, and whoever else asked, fetch it again: a bit may turn on the way, and
 * the record would be another one that nobody notices.
 */
export function isIntact(batch: Buffer, topic: string, partition: number): boolean {
  const place = `${topic}:${partition}:${batch.readBigInt64BE(0)}`;
  if (crc32c(batch.subarray(CHECKED_FROM)) === batch.readUInt32BE(CHECKSUM_AT)) {
    damaged.delete(place);
    return true;
  }
  const times = (damaged.get(place) ?? 0) + 1;
  if (times >= FETCHES) return false;
  damaged.set(place, times);
  throw new KafkaJSError(`The record batch at ${place} does not have its checksum.`, { retriable: true });
}
