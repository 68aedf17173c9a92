import { readCsvText, WHOLE, type PostgresSource } from '@weir/core';
import type { TestDatabase, TestPostgres } from '@weir/testkit';
import { readPostgres, type PostgresReadOptions } from '../source';
import type { PostgresSourceConnection } from '../source-connection';
import type { PostgresSlice } from '../source-plan';

/** A part that was read to its end. */
export interface ReadPart {
  readonly name: string;
  readonly partition: string;
  readonly bytes: number;
  readonly header: readonly (string | null)[];
  /** null is an empty field without quotes. */
  readonly rows: readonly (readonly (string | null)[])[];
}

export const WHOLE_TABLE: PostgresSlice = { partitions: [WHOLE], grain: undefined };

export function sourceConnection(config: TestPostgres, change: Partial<PostgresSourceConnection> = {}): PostgresSourceConnection {
  const { password, ...settings } = config;
  return { ...settings, password: { reveal: () => password }, tls: false, ...change };
}

/** What readers are given where nothing is denied. */
export function reading({ signal = new AbortController().signal, timeoutMs = 60_000 } = {}): PostgresReadOptions {
  return { signal, timeoutMs, address: (host: string) => Promise.resolve(host) };
}

/** Reads everything; `onPart` runs after each part. */
export async function readAll(source: Pick<PostgresSource, 'table' | 'cursor'> & Pick<PostgresReadOptions, 'arrays'>, connection: PostgresSourceConnection, slice: PostgresSlice = WHOLE_TABLE, onPart?: (part: ReadPart) => Promise<void>): Promise<ReadPart[]> {
  const parts: ReadPart[] = [];
  for await (const { name, partition, bytes } of readPostgres(source, connection, slice, { ...reading(), arrays: source.arrays })) {
    const pieces: Buffer[] = [];
    for await (const piece of bytes) pieces.push(piece);
    const text = Buffer.concat(pieces).toString();
    const [header, ...rows] = (readCsvText(text) ?? []).map(({ fields }) => fields);
    const part = { name, partition, bytes: Buffer.byteLength(text), header: header ?? [], rows };
    parts.push(part);
    await onPart?.(part);
  }
  return parts;
}

/** Sessions of sources that the server has in a database. */
export async function sessions({ pool, config }: TestDatabase): Promise<readonly { readonly state: string; readonly query: string; readonly waits: string | null }[]> {
  const found = await pool.query<{ state: string; query: string; waits: string | null }>("select state, query, wait_event as waits from pg_stat_activity where application_name = 'weir-ingest' and datname = $1", [config.database]);
  return found.rows;
}
