import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Pool } from 'pg';
import { pruneLedger } from './stream-ledger';
import type { StreamTable } from './stream-table';
import { tableLabel } from './table';
import { pruneTombstones } from './tombstones';

/** How often what is over is looked for. */
const EVERY_MS = 60_000;
/** Rows that one statement removes: some milliseconds. */
const STEP = 1_000;
/** Statements in a row: ten thousand rows a minute are more than a hundred micro-batches a second leave. */
const STEPS = 10;

/** Removes what a stream leaves behind and nobody needs any more: old rows of the ledger, old tombstones. Beside the commits, in steps that hold nothing up. */
export class StreamUpkeep {
  private due = 0;
  private working: Promise<void> = Promise.resolve();
  private readonly tables = new Map<string, StreamTable>();

  constructor(private readonly pool: Pool) {}

  /** To be called after commits; does its work now and then, and does not wait for it. */
  after(tables: readonly StreamTable[]): void {
    for (const table of tables) if (table.spec.identity.by === 'key') this.tables.set(tableLabel(table.spec), table);
    if (performance.now() < this.due) return;
    this.due = performance.now() + EVERY_MS;
    const statements = [pruneLedger(STEP), ...[...this.tables.values()].map((table) => pruneTombstones(table, STEP))];
    this.tables.clear();
    // Not in the trace of the commit that happened to come next. A failure, as of a table that is gone, is for the next time.
    this.working = this.working.then(() => context.with(ROOT_CONTEXT, () => this.work(statements))).catch(() => undefined);
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.working;
  }

  private async work(statements: readonly string[]): Promise<void> {
    for (const statement of statements) {
      for (let step = 0; step < STEPS; step += 1) {
        const { rowCount } = await this.pool.query(statement);
        if ((rowCount ?? 0) < STEP) break;
      }
    }
  }
}
