import { WeirError, type PostgresSource } from '@weir/core';
import type { RawPart, ReadOptions } from '../raw-part';
import type { PostgresSourceConnection } from './source-connection';
import { copyRows } from './source-copy';
import { planParts, type PostgresSlice } from './source-plan';
import { SourceSession } from './source-session';
import { beginSnapshot } from './source-snapshot';
import { findTable, readColumns } from './source-table';

export interface PostgresReadOptions extends ReadOptions {
  /** How long the whole may take: the server gives up after it, too, so that a snapshot does not outlive its reader. */
  readonly timeoutMs: number;
  /** Names of columns whose arrays are read as JSON; others are as Postgres writes them, such as `{1,2}`. */
  readonly arrays?: ReadonlySet<string> | undefined;
}

/**
 * Reads a table as COPY writes it, on one snapshot from the first part to the last, whoever writes meanwhile: whole, in parts of about 64 MiB; or the rows of each grain, in the order of the cursor.
 * What has no rows gives no part. Values are written the same way whatever the settings of server, database and user: times in UTC, ISO dates, bytea in hex, floating numbers with all their digits.
 *
 * Throws SOURCE_REFUSED (login, TLS, rights, a table or cursor that is not there), CURSOR_NULL, SOURCE_UNREADABLE, UNAVAILABLE, BUSY, DEADLINE, DISK_FULL, CANCELLED, and what `options.address` throws.
 */
export async function* readPostgres(source: Pick<PostgresSource, 'table' | 'cursor'>, connection: PostgresSourceConnection, slice: PostgresSlice, options: PostgresReadOptions): AsyncGenerator<RawPart, undefined> {
  const session = await SourceSession.open(connection, options);
  let whole = false;
  try {
    const found = await findTable(session, source.table);
    await beginSnapshot(session, found, options.timeoutMs);
    const table = { ...found, columns: await readColumns(session, found) };
    for (const { name, partition, select } of await planParts(session, { ...source, arrays: options.arrays }, table, slice)) {
      const bytes = await copyRows(session, select);
      if (!bytes) continue;
      let read = false;
      yield { name, partition, bytes: toTheEnd(bytes, () => (read = true)) };
      if (!read) throw new WeirError({ code: 'INTERNAL', message: `The next part was asked for before ${name} was read to its end.` });
    }
    whole = true;
  } finally {
    if (whole) await session.end();
    else session.drop();
  }
}

async function* toTheEnd(bytes: AsyncIterable<Buffer>, ended: () => void): AsyncGenerator<Buffer> {
  yield* bytes;
  ended();
}
