import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';
import { orAborted, WeirError } from '@weir/core';
import { openLocked } from './engine';
import { toRow, toValue } from './pages';
import { cancelled, interruptible, MAX_ROWS, oneAtATime, spanned } from './statement';

/** Statements that an engine keeps prepared; the one that was used longest ago goes first. */
const MOST_STATEMENTS = 64;

/** A value for $1, $2, …: text is VARCHAR; bytes are BLOB, which `decode($1::BLOB)` makes text without a detour over JavaScript strings. */
export type WarmParameter = string | Uint8Array;

/** A statement that is run many times. */
export interface WarmStatement {
  /** One statement, its parameters cast: without a cast the engine plans it anew at each run. */
  readonly sql: string;
  /** For spans and errors. */
  readonly name: string;
}

/** One connection to a locked engine without files: what it works on comes in parameters. Statements run one after the other, in the order of the calls. */
export class WarmEngine {
  private readonly inTurn = oneAtATime();
  private readonly prepared = new Map<string, DuckDBPreparedStatement>();

  private constructor(
    private readonly connection: DuckDBConnection,
    private readonly shut: () => void,
  ) {}

  static async open(options: { readonly memoryLimit: string; readonly threads: number }): Promise<WarmEngine> {
    const opened = await openLocked({ inputs: [], ...options });
    return new WarmEngine(opened.connection, () => opened.close());
  }

  /** See WarmEngines.rows. A call that is aborted while it waits for its turn ends at once. */
  async rows<T extends object>({ sql, name }: WarmStatement, parameters: readonly WarmParameter[], signal: AbortSignal): Promise<T[]> {
    const turn = this.inTurn(() => spanned(name, signal, sql, () => interruptible(this.connection, signal, () => this.execute<T>(sql, name, parameters))));
    // The statement itself is interrupted, and ends before the next one begins.
    return orAborted(turn, signal, cancelled);
  }

  /** After the statements that were asked for before, also those whose callers have left. */
  close(): Promise<void> {
    return this.inTurn(() => {
      for (const statement of this.prepared.values()) statement.destroySync();
      this.prepared.clear();
      this.shut();
      return Promise.resolve();
    });
  }

  private async execute<T extends object>(sql: string, name: string, parameters: readonly WarmParameter[]): Promise<T[]> {
    const statement = await this.statement(sql);
    try {
      for (const [index, value] of parameters.entries()) {
        if (typeof value === 'string') statement.bindVarchar(index + 1, value);
        else statement.bindBlob(index + 1, value);
      }
      const reader = await statement.streamAndReadUntil(MAX_ROWS + 1);
      if (reader.currentRowCount > MAX_ROWS) throw new WeirError({ code: 'INTERNAL', message: `The statement ${name} gave more than ${MAX_ROWS} rows.` });
      return reader.getRowObjects().map((row) => toRow<T>(row, toValue));
    } finally {
      // What was bound may be megabytes.
      statement.clearBindings();
    }
  }

  private async statement(sql: string): Promise<DuckDBPreparedStatement> {
    const found = this.prepared.get(sql) ?? (await this.connection.prepare(sql));
    // Last in the map is used last.
    this.prepared.delete(sql);
    this.prepared.set(sql, found);
    const [oldest] = this.prepared;
    if (this.prepared.size > MOST_STATEMENTS && oldest) {
      this.prepared.delete(oldest[0]);
      oldest[1].destroySync();
    }
    return found;
  }
}
