import { WeirError } from '@weir/core';
import type { Pools } from './config';
import { prepareStreamTable, type StreamTable } from './stream-table';
import { tableLabel } from './table';

/** Tables that are remembered; the oldest are looked at again. */
const REMEMBERED = 1_024;
/** How long a micro-batch waits for a table; below the 30 s of a unary call. To widen a column of a large table takes longer, and goes on meanwhile. */
const PATIENCE_MS = 15_000;

/** Which tables are ready for their streams, so that a micro-batch pays nothing for knowing it. */
export class ReadyTables {
  private readonly ready = new Set<string>();
  private readonly working = new Map<string, Promise<void>>();
  private readonly closing = new AbortController();

  constructor(private readonly pools: Pools) {}

  /**
   * Resolves when the tables are ready for this version of a pipeline. Throws as `prepareStreamTable` does, and tries again next time; BUSY when it takes long: then it goes on, and
   * the next call finds it further.
   */
  async ensure(tables: readonly StreamTable[], pipeline: string, definitionVersion: number): Promise<void> {
    // One after the other: the connections are those of commits.
    for (const table of tables) {
      const key = JSON.stringify([pipeline, definitionVersion, table]);
      if (!this.ready.has(key)) await patiently(table, this.working.get(key) ?? this.prepare(key, table, pipeline));
    }
  }

  /** Has every table looked at again: one of them is not as it was. */
  forget(): void {
    this.ready.clear();
  }

  /** Cancels what is under way and resolves when it has ended. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.allSettled(this.working.values());
  }

  private prepare(key: string, table: StreamTable, pipeline: string): Promise<void> {
    const preparing = prepareStreamTable(this.pools, 'streams', table, pipeline, this.closing.signal).finally(() => this.working.delete(key));
    this.working.set(key, preparing);
    preparing.then(() => this.remember(key), () => undefined);
    return preparing;
  }

  private remember(key: string): void {
    const [oldest] = this.ready;
    if (this.ready.size >= REMEMBERED && oldest !== undefined) this.ready.delete(oldest);
    this.ready.add(key);
  }
}

async function patiently({ spec }: StreamTable, preparing: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new WeirError({ code: 'BUSY', message: `Table ${tableLabel(spec)} is still being altered for its model.`, place: tableLabel(spec) });
    timer = setTimeout(() => reject(error), PATIENCE_MS);
  });
  await Promise.race([preparing, late]).finally(() => clearTimeout(timer));
}
