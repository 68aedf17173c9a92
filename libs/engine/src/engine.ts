import { access, constants, mkdir, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { quoteLiteral, WeirError } from '@weir/core';
import { mapEngineError } from './engine-error';
import { pages, toRow } from './pages';
import { toPlain } from './plain-value';
import { cancelled, interruptible, MAX_ROWS, oneAtATime, spanned } from './statement';

/** Rows that a thread holds back for files by partition: the engine's own half a million are more than its memory where rows are wide. */
const FLUSHED_ROWS = 30_720;

export interface EngineOptions {
  /** Absolute paths of the files that may be read. */
  readonly inputs: readonly string[];
  /** Absolute path of the one folder that may be written; it must exist. */
  readonly staging: string;
  /** Such as `256MB`; what does not fit spills to the staging folder. */
  readonly memoryLimit: string;
  readonly threads: number;
  /** Interrupts the running statement; it then throws CANCELLED. */
  readonly signal?: AbortSignal | undefined;
}

/** One connection to a locked in-memory engine. Statements run one after the other, in the order of the calls. */
export interface Engine {
  /** Runs a statement; its span is named `engine <name>`. */
  run(sql: string, name?: string): Promise<void>;
  /** Runs a statement with a small result (at most 100,000 rows). Integers come as numbers, decimals, dates and times as text. */
  rows<T extends object>(sql: string, name?: string): Promise<T[]>;
  /** The rows of a query of any size, at most 2,048 at a time; BLOBs are bytes. No other statement runs until the last page was taken or the loop was left. */
  pages<T extends object>(sql: string, name?: string): AsyncGenerator<T[]>;
  /** Adds rows to a table that the engine has, without SQL and without a span: the way for rows that come from elsewhere. A row has a value for each column, in order. */
  append(table: string, rows: Iterable<readonly AppendedValue[]>): Promise<void>;
}

/** A BIGINT, a VARCHAR, a BLOB, or null. */
export type AppendedValue = number | string | Uint8Array | null;

/**
 * Gives `body` an engine that can read the inputs, write below staging, and reach nothing else: no other file, no network, no extension,
 * no setting. It is closed when the body ends.
 *
 * Statements throw CANCELLED, MEMORY_LIMIT, DISK_FULL, SEGMENT_CORRUPT, MODEL_FAILED (the SQL does not fit the data) or ENGINE_FAILED.
 */
export async function withEngine<T>(options: EngineOptions, body: (engine: Engine) => Promise<T>): Promise<T> {
  await assertThere(options.inputs);
  const opened = await openLocked({ ...options, staging: await realpath(options.staging) });
  try {
    return await interruptible(opened.connection, options.signal, () => body(opened.engine));
  } finally {
    opened.close();
  }
}

/** To the engine a missing file is a forbidden one; this says what it is. */
async function assertThere(inputs: readonly string[]): Promise<void> {
  for (const input of inputs) {
    await access(input, constants.R_OK).catch((error: unknown) => {
      throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `${basename(input)} is missing in the lake, or cannot be read.` }, { cause: error });
    });
  }
}

/** What a locked engine needs; without staging it can write nothing and spill nowhere. */
export type LockedOptions = Omit<EngineOptions, 'staging'> & { readonly staging?: string | undefined };

/** A locked engine that the caller closes. */
export async function openLocked(options: LockedOptions): Promise<{ engine: Engine; connection: DuckDBConnection; close(): void }> {
  const instance = await openInstance(options);
  const connection = await instance.connect();
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    await lock(connection, options);
  } catch (error) {
    close();
    throw mapEngineError(error, 'lock');
  }
  return { engine: engineOver(connection, options.signal), connection, close };
}

async function openInstance(options: LockedOptions): Promise<DuckDBInstance> {
  const temporary = options.staging === undefined ? '' : join(options.staging, '.spill');
  if (temporary) await mkdir(temporary, { recursive: true, mode: 0o700 });
  return DuckDBInstance.create(':memory:', {
    memory_limit: options.memoryLimit,
    threads: String(options.threads),
    temp_directory: temporary,
    preserve_insertion_order: 'true',
    partitioned_write_flush_threshold: String(FLUSHED_ROWS),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_unsigned_extensions: 'false',
    allow_persistent_secrets: 'false',
    errors_as_json: 'true',
  });
}

/** The order matters: the lists cannot change once external access is off, and nothing can once the configuration is locked. */
async function lock(connection: DuckDBConnection, options: LockedOptions): Promise<void> {
  // Without the slash a folder `staging2` beside it would be allowed too.
  if (options.staging !== undefined) await connection.run(`set allowed_directories = [${quoteLiteral(`${options.staging}/`)}]`);
  await connection.run(`set allowed_paths = [${options.inputs.map(quoteLiteral).join(', ')}]`);
  await connection.run("set TimeZone = 'UTC'");
  await connection.run('set enable_external_access = false');
  await connection.run('set lock_configuration = true');
}

function engineOver(connection: DuckDBConnection, signal: AbortSignal | undefined): Engine {
  const inTurn = oneAtATime();
  return {
    run: (sql, name = 'statement') =>
      inTurn(() =>
        spanned(name, signal, sql, async () => {
          await connection.run(sql);
        }),
      ),
    rows: <T extends object>(sql: string, name = 'query') => inTurn(() => spanned(name, signal, sql, () => readRows<T>(connection, sql, name))),
    pages: <T extends object>(sql: string, name = 'pages') => pages<T>(connection, (statement) => inTurn(() => spanned(name, signal, sql, statement)), sql),
    append: (table, rows) =>
      inTurn(() =>
        append(connection, table, rows).catch((error: unknown) => {
          throw signal?.aborted ? cancelled() : mapEngineError(error, table);
        }),
      ),
  };
}

async function append(connection: DuckDBConnection, table: string, rows: Iterable<readonly AppendedValue[]>): Promise<void> {
  const appender = await connection.createAppender(table);
  try {
    for (const row of rows) {
      for (const value of row) {
        if (value === null) appender.appendNull();
        else if (typeof value === 'number') appender.appendBigInt(BigInt(value));
        else if (typeof value === 'string') appender.appendVarchar(value);
        else appender.appendBlob(value);
      }
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}

async function readRows<T extends object>(connection: DuckDBConnection, sql: string, name: string): Promise<T[]> {
  const reader = await connection.streamAndReadUntil(sql, MAX_ROWS + 1);
  if (reader.currentRowCount > MAX_ROWS) throw new WeirError({ code: 'INTERNAL', message: `The query ${name} gave more than ${MAX_ROWS} rows.` });
  return reader.getRowObjects().map((row) => toRow<T>(row, toPlain));
}
