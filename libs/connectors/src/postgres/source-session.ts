import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { orAborted, WeirError } from '@weir/core';
import type { QueryResultRow } from 'pg';
import { to as copyTo, type CopyToStreamQuery } from 'pg-copy-streams';
import type { ReadOptions } from '../raw-part';
import { SourceConnection, type PostgresSourceConnection } from './source-connection';
import { mapSourceError } from './source-errors';

/** How long the end of a session is waited for. */
const END_MS = 1_000;
/** What is read ahead of the disk. */
const READ_AHEAD_BYTES = 256 * 1024;

/** A connection to a source for one piece of work. An aborted signal ends it at once, on the server too: whatever is under way throws CANCELLED. */
export class SourceSession {
  private readonly onAbort = (): void => this.connection.abort();

  private constructor(private readonly connection: SourceConnection, private readonly signal: AbortSignal, private place: string) {
    signal.addEventListener('abort', this.onAbort, { once: true });
  }

  /**
   * Connects to the address that `options` gives for the host. Throws what `options.address` throws, SOURCE_REFUSED for a login or a TLS that is refused, UNAVAILABLE, CANCELLED.
   * `timeoutMs`: how long one question may take; unbounded without it, as reading a table must be.
   */
  static async open(settings: PostgresSourceConnection, { signal, address }: ReadOptions, timeoutMs?: number): Promise<SourceSession> {
    const { host, port, database } = settings;
    const found = await orAborted(address(host, port), signal, cancelled);
    const session = new SourceSession(new SourceConnection(settings, found, timeoutMs), signal, `${host}:${port}/${database}`);
    try {
      await session.outcome(session.connection.client.connect());
      return session;
    } catch (error) {
      session.drop();
      throw error;
    }
  }

  /** From here on errors name the table. */
  about(table: string): void {
    this.place = table;
  }

  /** Statements whose results nobody wants. */
  async run(sql: string): Promise<void> {
    await this.outcome(this.connection.client.query(sql));
  }

  async rows<R extends QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
    return (await this.outcome(this.connection.client.query<R>(sql, [...values]))).rows;
  }

  /** The bytes of a COPY … TO STDOUT as they come; errors come out of the stream and are for `explain`. */
  copy(sql: string): CopyToStreamQuery {
    // The instrumentation of pg takes the stream for a query and never ends its span; without a parent it lets it pass.
    const stream = context.with(ROOT_CONTEXT, () => this.connection.client.query(copyTo(sql, { highWaterMark: READ_AHEAD_BYTES })));
    // A reader that left no longer listens, and the stream still fails when the connection is cut.
    stream.on('error', () => undefined);
    return stream;
  }

  /** What went wrong as a WeirError: CANCELLED where the signal was what ended it. */
  explain(error: unknown): WeirError {
    return this.signal.aborted ? cancelled(error) : mapSourceError(error, this.place);
  }

  /** Says goodbye where nothing is under way. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.connection.abort(), END_MS);
    await this.connection.client.end().catch(() => undefined);
    clearTimeout(timer);
    this.signal.removeEventListener('abort', this.onAbort);
  }

  /** Leaves in the middle: the server gives up what is under way. */
  drop(): void {
    this.signal.removeEventListener('abort', this.onAbort);
    this.connection.abort();
  }

  private async outcome<T>(work: Promise<T>): Promise<T> {
    try {
      return await orAborted(work, this.signal, cancelled);
    } catch (error) {
      throw this.explain(error);
    }
  }
}

/** Of a question to a server that is asked by a person: a test, a list. */
const QUESTION_MS = 20_000;

/** A connection for a few short questions. */
export async function withSession<T>(settings: PostgresSourceConnection, options: ReadOptions, body: (session: SourceSession) => Promise<T>): Promise<T> {
  const session = await SourceSession.open(settings, options, QUESTION_MS);
  try {
    const result = await body(session);
    await session.end();
    return result;
  } catch (error) {
    session.drop();
    throw error;
  }
}

function cancelled(cause?: unknown): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'The reading was cancelled.' }, { cause });
}
