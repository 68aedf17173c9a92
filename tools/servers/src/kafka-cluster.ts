import { WeirError } from '@weir/core';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './whole-file';

/** One broker, or three of which one may fail. */
export type BrokerCount = 1 | 3;

/** What a home's Kafka was formatted with. Replication of topics is made for the number of brokers, so it never changes. */
export interface ClusterRecord {
  /** Kafka's cluster id, which every broker's data names. */
  readonly id: string;
  readonly brokers: BrokerCount;
}

/** The number of --brokers. Throws INVALID_VALUE. */
export function parseBrokerCount(text: string): BrokerCount {
  if (text === '1' || text === '3') return text === '1' ? 1 : 3;
  throw new WeirError({ code: 'INVALID_VALUE', place: '--brokers', message: `Kafka was to have \`${text}\` brokers.`, fix: 'Use 1, or 3 of which one may fail.' });
}

/** Folder of a home's Kafka: the record, and a folder per broker. */
export function kafkaFolder(home: string): string {
  return join(home, 'kafka');
}

/**
 * How many brokers a home's Kafka has: those it was formatted with, else `asked`, else one. Throws INVALID_VALUE when another number is asked for
 * than it was formatted with.
 */
export function brokerCountOf(home: string, asked: BrokerCount | undefined): BrokerCount {
  const formatted = clusterOf(home)?.brokers;
  if (formatted === undefined || asked === undefined || asked === formatted) return formatted ?? asked ?? 1;
  throw new WeirError({
    code: 'INVALID_VALUE',
    place: '--brokers',
    message: `The Kafka in ${kafkaFolder(home)} was made with ${formatted === 1 ? '1 broker' : `${formatted} brokers`}, and ${asked} cannot run it.`,
    fix: `Leave out --brokers; or, to begin again without its topics, remove that folder while the platform is down.`,
  });
}

/** The record of a home's Kafka; made, for good, the first time. */
export function recordCluster(home: string, brokers: BrokerCount): ClusterRecord {
  const known = clusterOf(home);
  if (known) return known;
  const made: ClusterRecord = { id: clusterId(), brokers };
  writeWhole(recordFile(home), JSON.stringify(made));
  return made;
}

function clusterOf(home: string): ClusterRecord | undefined {
  return existsSync(recordFile(home)) ? (JSON.parse(readFileSync(recordFile(home), 'utf8')) as ClusterRecord) : undefined;
}

/** 16 bytes in Kafka's alphabet. The first bit is 0, for an id that begins with `-` is an option to Kafka's tools. */
function clusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8() & 0x7f);
  return bytes.toString('base64url');
}

function recordFile(home: string): string {
  return join(kafkaFolder(home), 'cluster.json');
}
