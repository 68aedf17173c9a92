import type { FetchedMessage } from './record-batch';

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

/** The messages of a set in the formats that Kafka had before 0.11. */
export const decodeMessageSet = require('kafkajs/src/protocol/messageSet/decoder') as (decoder: Decoder, size: number) => Promise<FetchedMessage[]>;

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
