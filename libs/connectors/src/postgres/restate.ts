import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { to as copyTo } from 'pg-copy-streams';
import type { Pools } from './config';
import { createCovered, isCovered, type CoveredRange } from './covered';
import { copyFiles, type CopyOptions, type RowFiles } from './copy';
import { heedingRefusals, type DoubtfulTables } from './doubtful-tables';
import { placed } from './errors';
import type { Isolated, Run } from './isolate-rows';
import { isolateTables } from './isolate-stream';
import { moveHead, readEntry, readHead, writeEntry, type Head, type LedgerEntry } from './ledger';
import { createTemporary } from './merge';
import { lacksRows } from './refused-rows';
import { copyPresent, RESTATED, RESTATE_RULE, restateStatements } from './restate-merge';
import { settleCovered, settleTouched } from './settle-stream';
import type { WrittenRow } from './stream-merge';
import { prepareStreamTable, stagedColumns, streamLayout, type StreamTable } from './stream-table';
import { storedIdentity, tableLabel } from './table';
import { inTransaction, type Transaction } from './transaction';
import { writingRows } from './writing-rows';

/** A table that a stream writes, about to be restated: from the head that it must still have then. */
export interface RestatePlan {
  readonly table: StreamTable;
  readonly pipeline: string;
  readonly head: Head;
  /** The load that moved the head there; undefined before the first. */
  readonly last: LedgerEntry | undefined;
  /** The records that are restated. */
  readonly covered: readonly CoveredRange[];
}

/** What a snapshot says of the records that are restated. */
export interface PreparedRestatement {
  readonly plan: RestatePlan;
  readonly commitId: string;
  readonly toSnapshot: number;
  readonly runId: string;
  readonly traceId: string;
  /** Rows that tables should have, in the order of stagedColumns; by key of each the winner over the whole snapshot, also one that deletes it. */
  readonly upserts: RowFiles;
  /** Identities that the table had from covered records, and of which the snapshot has nothing. */
  readonly deletes: RowFiles;
}

/** Where the table stands; makes it ready for its stream where it is not. */
export async function planRestate(pools: Pools, table: StreamTable, pipelineName: string, covered: readonly CoveredRange[], signal: AbortSignal): Promise<RestatePlan> {
  await prepareStreamTable(pools, 'loads', table, pipelineName, signal);
  const { head, last } = await readHead(pools.questions, tableLabel(table.spec), pipelineName, streamLayout(table.spec));
  return { table, pipeline: pipelineName, head, last, covered };
}

/** Writes the identities of what the table has from covered records to a file, as CSV; rows pass as bytes. */
export async function writePresent(pools: Pools, { table, covered }: RestatePlan, path: string, signal: AbortSignal): Promise<void> {
  await inTransaction(pools, 'loads', signal, async ({ client }) => {
    // What the engine reads, whatever the connection's settings are.
    await client.query("set local datestyle = 'ISO'; set local extra_float_digits = 1");
    await createCovered(client, covered);
    const rows = context.with(ROOT_CONTEXT, () => client.query(copyTo(copyPresent(table))));
    await pipeline(rows, createWriteStream(path), { signal });
    // Nothing was changed.
    return { commit: false, value: undefined };
  });
}

export interface RestateOptions extends CopyOptions {
  /** Most rows that the table may refuse, of so many that are written. */
  readonly mostRefused: (rows: number) => number;
}

/**
 * Carries out a restatement in one transaction. Undefined when the head moved since the plan and another load's commit stands there: nothing was changed then. When the table refuses rows all is rolled back and begun anew
 * without these, which are noted in weir.refused.
 */
export async function restate(pools: Pools, prepared: PreparedRestatement, options: RestateOptions): Promise<LedgerEntry | undefined> {
  return heedingRefusals((doubtful) => restateOnce(pools, prepared, doubtful, options));
}

function restateOnce(pools: Pools, prepared: PreparedRestatement, doubtful: DoubtfulTables, options: RestateOptions): Promise<LedgerEntry | undefined> {
  return inTransaction(pools, 'loads', options.signal, async (transaction) => {
    const { plan, commitId, toSnapshot, runId, traceId } = prepared;
    const { client } = transaction;
    const table = tableLabel(plan.table.spec);
    await stage(transaction, prepared, options);
    if (!(await moveHead(client, table, plan.head, { snapshot: toSnapshot, commitId, layout: plan.head.layout }))) {
      return { commit: false, value: await readEntry(client, commitId) };
    }
    const counts = await placed(table, () => writingRows(table, () => merge(transaction, prepared, doubtful, options.mostRefused)));
    const entry = { commitId, pipeline: plan.pipeline, table, fromSnapshot: plan.head.snapshot, toSnapshot, runId, traceId, ...counts, rowsInTable: undefined };
    await writeEntry(client, entry);
    return { commit: true, value: entry };
  });
}

async function stage(transaction: Transaction, { plan: { table, covered }, upserts, deletes }: PreparedRestatement, options: CopyOptions): Promise<void> {
  const { client } = transaction;
  await transaction.run(`${createTemporary(RESTATED.upserts, stagedColumns(table))}; ${createTemporary(RESTATED.deletes, storedIdentity(table.spec))}`);
  await createCovered(client, covered);
  const label = tableLabel(table.spec);
  if (upserts.rows > 0) await copyFiles(client, { table: RESTATED.upserts, columns: stagedColumns(table).map(({ name }) => name), label }, upserts, options);
  if (deletes.rows > 0) await copyFiles(client, { table: RESTATED.deletes, columns: storedIdentity(table.spec).map(({ name }) => name), label }, deletes, options);
  await transaction.run(`analyze ${RESTATED.upserts}; analyze ${RESTATED.deletes}`);
}

async function merge({ run }: Transaction, prepared: PreparedRestatement, doubtful: DoubtfulTables, mostRefused: RestateOptions['mostRefused']): Promise<Isolated> {
  const { plan: { table }, commitId } = prepared;
  const label = tableLabel(table.spec);
  const statements = restateStatements(table, commitId);
  await run(statements.lock);
  const lacking = (await run<{ lacking: boolean }>(`select ${lacksRows(table.spec)} as lacking`)).rows[0]?.lacking === true;
  for (const statement of statements.raise) await run(statement);
  const gone = async (statement: string): Promise<number> => Number((await run<{ deleted: string }>(statement)).rows[0]?.deleted ?? 0);
  if (!doubtful.has(label)) {
    const written = await run<WrittenRow & Record<string, string>>(statements.upsert);
    let deleted = 0;
    for (const statement of [...statements.bury, statements.remove]) deleted += await gone(statement);
    if (lacking) await settle(run, prepared);
    await run('set constraints all immediate');
    return { inserted: Number(written.rows[0]?.inserted ?? 0), updated: Number(written.rows[0]?.updated ?? 0), deleted, refused: 0 };
  }
  const deleted = await gone(statements.remove);
  const isolated = await isolateTables(run, [{ table, label, incoming: RESTATED.upserts }], { doubtful, others: deleted > 0, rule: RESTATE_RULE, commitId, grains: [], most: mostRefused, beyond: 'QUARANTINE_LIMIT' });
  if (lacking) await settle(run, prepared);
  const counts = (await isolated.finish()).get(label) ?? { inserted: 0, updated: 0, deleted: 0, refused: 0 };
  await run('set constraints all immediate');
  return { ...counts, deleted: counts.deleted + deleted };
}

/** Says of rows that the table lacked what became of them. */
async function settle(run: Run, { plan: { table }, commitId }: PreparedRestatement): Promise<void> {
  await run(settleTouched(table, RESTATED.upserts, commitId));
  await run(settleTouched(table, RESTATED.deletes, commitId));
  await run(settleCovered(table, (alias) => isCovered(table, alias), commitId));
}
