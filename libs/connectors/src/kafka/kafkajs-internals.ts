import { WeirError } from '@weir/core';
import type { Kafka } from 'kafkajs';
import type { FetchedBatch } from './record-batch';

/**
 * What we take from inside kafkajs, in one place. Its version is pinned and its development has ended, so the inside is as steady as
 * the surface; a version without one of these files fails when this module is loaded.
 */

/** kafkajs's reader of protocol values. Reading past the end throws. */
export interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readInt64(): bigint;
  readString(): string;
  readBytes(length: number): Buffer;
  readArray<T>(read: (decoder: Decoder) => T): T[];
}

/** A kind of response. kafkajs looks `decode` up on this object for every response that comes in. */
export interface ResponseProtocol {
  decode: (response: Buffer) => Promise<unknown>;
}

export const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder;

/** A message in a format that Kafka had before 0.11; the oldest has no time. */
export interface OldMessage {
  readonly offset: string;
  readonly timestamp?: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** The messages of a set in those formats. */
export const decodeMessageSet = require('kafkajs/src/protocol/messageSet/decoder') as (decoder: Decoder, size: number) => Promise<OldMessage[]>;

/** Fetch responses by their version. Older ones than 4 come from brokers before 0.11 only. */
export const FETCH_RESPONSES: ReadonlyMap<number, ResponseProtocol> = new Map([
  [4, require('kafkajs/src/protocol/requests/fetch/v4/response') as ResponseProtocol],
  [5, require('kafkajs/src/protocol/requests/fetch/v5/response') as ResponseProtocol],
  [6, require('kafkajs/src/protocol/requests/fetch/v6/response') as ResponseProtocol],
  [7, require('kafkajs/src/protocol/requests/fetch/v7/response') as ResponseProtocol],
  [8, require('kafkajs/src/protocol/requests/fetch/v8/response') as ResponseProtocol],
  [9, require('kafkajs/src/protocol/requests/fetch/v9/response') as ResponseProtocol],
  [10, require('kafkajs/src/protocol/requests/fetch/v10/response') as ResponseProtocol],
  [11, require('kafkajs/src/protocol/requests/fetch/v11/response') as ResponseProtocol],
]);

/** kafkajs's connection to a broker, which it opens again after a failure. What came of an answer so far, in pieces, and how many bytes its next step needs. */
export interface BrokerConnection {
  isConnected(): boolean;
  chunks: readonly Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
}

export const Connection = require('kafkajs/src/network/connection') as { readonly prototype: { connect: (this: BrokerConnection) => Promise<unknown> } };

/** As kafkajs has it. */
export const openConnection = Connection.prototype.connect;

/** A broker of a cluster; the methods are requests of Kafka's protocol. Each throws kafkajs's errors, also for an error code of one partition. */
export interface Broker {
  fetch(request: FetchRequest): Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
  listOffsets(request: {
    readonly isolationLevel: number;
    readonly topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[] }[];
  }): Promise<{ readonly responses: readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string; readonly timestamp: string }[] }[] }>;
  describeConfigs(request: {
    readonly resources: readonly { readonly type: number; readonly name: string; readonly configNames: readonly string[] }[];
  }): Promise<{ readonly resources: readonly { readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[] }[] }>;
}

interface FetchRequest {
  readonly isolationLevel: number;
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number }[] }[];
}

/** What fetch-response.ts gives of a partition. */
export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly messages: readonly FetchedBatch[];
}

/** The connections of one client and what it knows of topics. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  removeBroker(address: { readonly host: string; readonly port: number }): void;
  metadata(options: { readonly topics: readonly string[] }): Promise<{ readonly clusterId: string }>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(options: { readonly nodeId: string | number }): Promise<Broker>;
  getNodeIds(): readonly string[];
}

/**
 * A cluster as the consumers of this client have one. kafkajs's consumer reads in a group and without an end; its admin client asks one time of all partitions and leaves out the
 * timestamps of the answers.
 */
export function clusterOf(kafka: Kafka): Cluster {
  const create = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === 'private:Kafka:createCluster');
  const make = create && (kafka as unknown as Record<symbol, (options: object) => Cluster>)[create];
  if (!make) throw new WeirError({ code: 'INTERNAL', message: 'This kafkajs makes its clusters in another way.' });
  return make({ allowAutoTopicCreation: false, metadataMaxAge: METADATA_MS });
}

const METADATA_MS = 60_000;
