import { quoteLiteral } from '@weir/core';
import type { ClientBase } from 'pg';
import type { StreamBatch } from './stream-commit';

/** What a micro-batch changed in one table. */
export interface TableCounts {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that the table refused: they are in quarantine. */
  readonly refused: number;
}

/**
 * How long the ledger keeps micro-batches: tens of them a second make millions a day, and the traces that they lead to are kept for days. A row that
 * is older has a `_weir_commit` without an entry; where it came from stays in its `_weir_position`.
 */
export const LEDGER_DAYS = 7;

/** SQL that writes the row of a micro-batch; `table_name` has all its tables, separated by commas. */
export function writeStreamEntry(batch: StreamBatch, tables: readonly TableCounts[]): string {
  const { commitId, pipeline, runId, traceId, cluster, topic, accounts } = batch;
  const ranges = batch.ranges.map(({ partition, from, to }) => ({ partition, from, to }));
  const sum = (of: (counts: TableCounts) => number): number => tables.reduce((total, counts) => total + of(counts), 0);
  const texts = [commitId, pipeline, tables.map(({ table }) => table).join(', '), runId, traceId].map(quoteLiteral);
  const counts = [sum(({ inserted }) => inserted), sum(({ updated }) => updated), sum(({ deleted }) => deleted), sum(({ refused }) => refused)];
  const documents = [{ cluster, topic, ranges }, { accounts, tables }].map((document) => quoteLiteral(JSON.stringify(document)));
  return `insert into weir.ledger (commit_id, pipeline, table_name, run_id, trace_id, inserted, updated, deleted, refused, positions, counts) values (${[...texts, ...counts, ...documents].join(', ')})`;
}

/** What a micro-batch changed; undefined when it was not committed. */
export async function readStreamEntry(client: ClientBase, { commitId, pipeline }: Pick<StreamBatch, 'commitId' | 'pipeline'>): Promise<readonly TableCounts[] | undefined> {
  const found = await client.query<{ counts: { tables: readonly (Omit<TableCounts, 'refused'> & { readonly refused?: number })[] } }>('select counts from weir.ledger where commit_id = $1 and pipeline = $2 and positions is not null', [commitId, pipeline]);
  // Those of a time before rows could be refused do not say so.
  return found.rows[0]?.counts.tables.map((counts) => ({ ...counts, refused: counts.refused ?? 0 }));
}

/** Removes some of the micro-batches that are over. */
export function pruneLedger(limit: number): string {
  return `delete from weir.ledger where commit_id = any (array(
    select commit_id from weir.ledger where positions is not null and loaded_at < now() - interval '${LEDGER_DAYS} days' order by loaded_at limit ${limit} for update skip locked))`;
}
