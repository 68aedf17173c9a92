import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { quoteIdent } from '@weir/core';
import type { PoolClient } from 'pg';
import { from as copyFrom, type CopyStreamQuery } from 'pg-copy-streams';

/** Rows as the engine wrote them: CSV without header, null as an unquoted empty field. */
export interface RowFiles {
  /** Absolute; together they hold the rows. */
  readonly paths: readonly string[];
  readonly rows: number;
  readonly bytes: number;
}

const CHUNK_BYTES = 256 * 1024;

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes of each piece that is on its way. */
  readonly onBytes: (bytes: number) => void;
  /** The rows count as old at once, so that no vacuum has to rewrite them; only for a table made in this transaction. */
  readonly freeze?: boolean;
}

/** Streams files into a table in one COPY; `table` is quoted already. No row is looked at here. Gives the rows that arrived. */
export async function copyFiles(client: PoolClient, table: string, columns: readonly string[], files: RowFiles, options: CopyOptions): Promise<number> {
  const settings = options.freeze ? 'format csv, freeze' : 'format csv';
  const sql = `copy ${table} (${columns.map(quoteIdent).join(', ')}) from stdin (${settings})`;
  return copying(table, files.rows, async () => {
    const target = untraced(client, sql);
    await pipeline(chunksOf(files, options.onBytes), target, { signal: options.signal });
    return target.rowCount;
  });
}

/** Rows of one table that are in memory. */
export interface RowBytes {
  /** As people call it. */
  readonly table: string;
  readonly data: Uint8Array;
  readonly rows: number;
}

/** Sends rows in one COPY, which `sql` ends with; they go to the socket as they are. Gives the rows that arrived. */
export async function copyBytes(client: PoolClient, sql: string, { table, data, rows }: RowBytes, signal: AbortSignal): Promise<number> {
  return copying(table, rows, async () => {
    const target = untraced(client, sql);
    await pipeline([data], target, { signal });
    return target.rowCount;
  });
}

async function copying(table: string, rows: number, body: () => Promise<number>): Promise<number> {
  const span = trace.getTracer('@weir/connectors').startSpan(`copy ${table}`, { attributes: { 'db.system.name': 'postgresql', 'db.operation.name': 'COPY', 'weir.rows.in': rows } });
  try {
    return await body();
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'The copy failed.' });
    throw error;
  } finally {
    span.end();
  }
}

/** The instrumentation of pg takes the stream for a query and never ends its span; without a parent it lets it pass. */
function untraced(client: PoolClient, sql: string): CopyStreamQuery {
  return context.with(ROOT_CONTEXT, () => client.query(copyFrom(sql)));
}

async function* chunksOf(files: RowFiles, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  for (const path of files.paths) {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
      yield chunk;
      onBytes(chunk.length);
    }
  }
}
