import type { Pool } from 'pg';
import { prepareStreamTable, type StreamTable } from './stream-table';

/** Tables that are remembered; the oldest are looked at again. */
const REMEMBERED = 1_024;

/** Which tables are ready for their streams, so that a micro-batch pays nothing for knowing it. */
export class ReadyTables {
  private readonly ready = new Map<string, Promise<void>>();

  /** `pool` is where tables are looked at and made. */
  constructor(private readonly pool: Pool) {}

  /** Resolves when the tables are ready for this version of a pipeline. Throws as `prepareStreamTable` does, and tries again next time. */
  async ensure(tables: readonly StreamTable[], pipeline: string, definitionVersion: number): Promise<void> {
    // One after the other: two that are made at once would need two connections of the pool for questions.
    for (const table of tables) await this.one(table, JSON.stringify([pipeline, definitionVersion, table]), pipeline);
  }

  /** Has every table looked at again: one of them is not as it was. */
  forget(): void {
    this.ready.clear();
  }

  private one(table: StreamTable, key: string, pipeline: string): Promise<void> {
    const known = this.ready.get(key);
    if (known) return known;
    const preparing = prepareStreamTable(this.pool, table, pipeline);
    preparing.catch(() => this.ready.delete(key));
    const [oldest] = this.ready.keys();
    if (this.ready.size >= REMEMBERED && oldest !== undefined) this.ready.delete(oldest);
    this.ready.set(key, preparing);
    return preparing;
  }
}
