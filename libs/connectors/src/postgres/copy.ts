import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { quoteIdent, WeirError } from '@weir/core';
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

/** Where a COPY goes. */
export interface CopyTarget {
  /** Quoted. */
  readonly table: string;
  readonly columns: readonly string[];
  /** As people call it. */
  readonly label: string;
}

/** Streams files into a table in one COPY. No row is looked at here. Throws INTERNAL unless all rows arrived. */
export async function copyFiles(client: PoolClient, { table, columns, label }: CopyTarget, files: RowFiles, options: CopyOptions): Promise<void> {
  const settings = options.freeze ? 'format csv, freeze' : 'format csv';
  const sql = `copy ${table} (${columns.map(quoteIdent).join(', ')}) from stdin (${settings})`;
  await copying({ table, label, rows: files.rows }, async () => {
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

/** Sends rows in one COPY, which `sql` ends with; they go to the socket as they are. Throws INTERNAL unless all rows arrived. */
export async function copyBytes(client: PoolClient, sql: string, { table, data, rows }: RowBytes, signal: AbortSignal): Promise<void> {
  await copying({ table, label: table, rows }, async () => {
    const target = untraced(client, sql);
    await pipeline([data], target, { signal });
    return target.rowCount;
  });
}

async function copying({ table, label, rows }: { table: string; label: string; rows: number }, body: () => Promise<number>): Promise<void> {
  const span = trace.getTracer('@weir/connectors').startSpan(`copy ${table}`, { attributes: { 'db.system.name': 'postgresql', 'db.operation.name': 'COPY', 'weir.rows.in': rows } });
  try {
    const copied = await body();
    if (copied !== rows) throw new WeirError({ code: 'INTERNAL', message: `${rows} rows were announced for ${label}, but ${copied} arrived.`, place: label });
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
