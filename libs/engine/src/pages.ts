import { DuckDBBlobValue, type DuckDBConnection, type DuckDBResult, type DuckDBValue } from '@duckdb/node-api';
import { toPlain, type Plain } from './plain-value';

/** Runs a statement in its turn. */
type InTurn = (statement: () => Promise<void>) => Promise<void>;

/**
 * The rows of a query as the engine makes them, at most 2,048 at a time: for results of any size. Values are those of `Engine.rows`, and BLOBs are bytes. No other statement runs
 * until the last page was taken or the caller has left the loop.
 */
export async function* pages<T extends object>(connection: DuckDBConnection, inTurn: InTurn, sql: string): AsyncGenerator<T[]> {
  const opened = await open(connection, inTurn, sql);
  try {
    for await (const rows of opened.result.yieldRowObjects()) {
      if (rows.length > 0) yield rows.map((row) => toRow<T>(row, toValue));
    }
  } catch (error) {
    // The statement gives it to whoever waits for it, with the code that it has.
    opened.fail(error);
  } finally {
    opened.end();
    await opened.ended;
  }
}

/** A row as it leaves the engine; `valueOf` gives each of its values. */
export function toRow<T extends object>(row: Record<string, DuckDBValue>, valueOf: (value: DuckDBValue) => Plain | Uint8Array): T {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, valueOf(value)])) as T;
}

/** A value as it leaves the engine where bytes may be among them. */
export function toValue(value: DuckDBValue): Plain | Uint8Array {
  return value instanceof DuckDBBlobValue ? value.bytes : toPlain(value);
}

interface Opened {
  readonly result: DuckDBResult;
  /** Settles when the statement has made way for the next one. */
  readonly ended: Promise<void>;
  end(): void;
  fail(error: unknown): void;
}

function open(connection: DuckDBConnection, inTurn: InTurn, sql: string): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const ended = inTurn(async () => {
      const result = await connection.stream(sql);
      await new Promise<void>((end, fail) => resolve({ result, end, fail, ended }));
    });
    ended.catch(reject);
  });
}
