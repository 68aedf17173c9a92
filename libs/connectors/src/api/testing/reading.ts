import { CSV_LAYOUT, type ApiConnectionSettings, type ApiPages, type ApiSource } from '@weir/core';
import type { ApiServer } from '@weir/testkit';
import type { ApiLimits, ApiOptions } from '../config';
import type { PagePosition } from '../page-position';
import type { ApiSlice } from '../page-target';
import { ApiReader } from '../source';

/** So short that a test of ten retries takes no time. */
export const QUICK: Partial<ApiLimits> = { backoffMs: 1, maxBackoffMs: 2 };

/** What a test reads, and how. */
export interface Reading {
  readonly pages?: ApiPages;
  readonly records?: string;
  readonly source?: Partial<ApiSource>;
  readonly connection?: Partial<ApiConnectionSettings>;
  readonly options?: Partial<ApiOptions>;
  readonly slice?: ApiSlice;
  readonly from?: PagePosition;
}

/** A page, read. */
export interface TakenPage {
  readonly name: string;
  readonly partition: string;
  readonly text: string;
  readonly records: number;
  readonly next: PagePosition | undefined;
}

/** N records with exact numbers that no number of JavaScript holds. */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `{"id":${n},"big":${9_007_199_254_740_993n + BigInt(n)},"price":${n}.10}`);
}

export function settings(server: Pick<ApiServer, 'host' | 'port'>, { pages = { by: 'none' }, records = '', source = {}, connection = {}, options = {} }: Reading): { source: ApiSource; connection: ApiConnectionSettings; options: ApiOptions } {
  return {
    source: { type: 'api', dataset: 'orders', connection: 'shop', path: '/records', query: {}, layout: { ...CSV_LAYOUT, format: 'json', records }, pages, ...source },
    connection: { type: 'api', tls: false, host: server.host, port: server.port, basePath: '', headers: {}, requestsPerSecond: 1_000, ...connection },
    options: { signal: new AbortController().signal, address: async () => '127.0.0.1', secretOf: (name) => ({ reveal: () => `canary-${name}` }), limits: QUICK, ...options },
  };
}

/** All pages of a slice, in their order. */
export async function taken(server: Pick<ApiServer, 'host' | 'port'>, reading: Reading): Promise<TakenPage[]> {
  const { source, connection, options } = settings(server, reading);
  const reader = new ApiReader(source, connection, options);
  try {
    const found: TakenPage[] = [];
    for await (const { bytes, name, partition, records, next } of reader.pages(reading.slice ?? { partition: 'all' }, reading.from)) found.push({ name, partition, text: await textOf(bytes), records, next });
    return found;
  } finally {
    reader.close();
  }
}

async function textOf(bytes: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
