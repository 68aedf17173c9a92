import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { quoteQualified, WeirError } from '@weir/core';
import { alterColumns } from './alter-columns';
import type { Pools } from './config';
import { copyFiles, type CopyOptions, type RowFiles } from './copy';
import { mapDestinationError } from './errors';
import { endingHungCopies } from './hung-copies';
import { moveHead, readEntries, readEntry, writeEntry, type LedgerEntry } from './ledger';
import { lockAlone } from './lock-tables';
import { addKey, createBeside, createTemporary, deleteRows, emptyTable, insertAll, moveIntoPlace, stageTables, upsertRows, type StageTables } from './merge';
import type { LoadPlan } from './plan';
import type { WrittenRow } from './stream-merge';
import { deliveredColumns, layoutOf, storedIdentity, tableLabel, type StoredColumn } from './table';
import { inTransaction, type Transaction } from './transaction';

/** The rows that take a table from its plan's snapshot to the wanted one. */
export interface PreparedLoad {
  readonly plan: LoadPlan;
  readonly commitId: string;
  readonly toSnapshot: number;
  readonly runId: string;
  readonly traceId: string;
  /** Rows to insert, or to put in the place of those with the same identity: the delivered columns, in order. */
  readonly upserts: RowFiles;
  /** Identities of rows to delete. Empty unless the plan is a merge. */
  readonly deletes: RowFiles;
}

export interface DeliverOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes of a table's files that are on their way. */
  readonly onBytes: (table: string, bytes: number) => void;
}

/** A load whose rows are on the server. */
interface StagedLoad {
  readonly load: PreparedLoad;
  readonly label: string;
  readonly stage: StageTables;
}

interface Counts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/**
 * Carries out loads of different tables in one transaction. They come in the order of the tables' names, each when it is prepared: its rows are copied, its head is claimed, and the table is changed while
 * the next one is prepared. Because of that order two loads never wait for each other in a circle. Tables that readers have to wait for are changed last. Undefined when a head moved and the loads had
 * not been committed before: nothing was changed then.
 */
export async function commitLoads(pools: Pools, loads: readonly Promise<PreparedLoad>[], options: DeliverOptions): Promise<LedgerEntry[] | undefined> {
  // Before there is something to copy a transaction would only hold a connection.
  await loads[0];
  return inTransaction(pools, 'loads', options.signal, async (transaction) => {
    const staged: StagedLoad[] = [];
    const entries = new Map<StagedLoad, LedgerEntry>();
    for (const [nth, coming] of loads.entries()) {
      const one = await stageLoad(transaction, await awake(transaction, coming), nth, options);
      assertOrder(staged.at(-1), one);
      staged.push(one);
      if (!(await placed(one.label, () => claim(pools, transaction, one)))) return { commit: false, value: await earlierCommit(transaction, one, loads) };
      if (!keepsReadersWaiting(one)) entries.set(one, await place(transaction, one));
    }
    const last = staged.filter((one) => !entries.has(one));
    await lockAlone(transaction, last.map(({ load }) => load.plan.spec));
    for (const one of last) entries.set(one, await place(transaction, one));
    return { commit: true, value: staged.flatMap((one) => entries.get(one) ?? []) };
  });
}

function assertOrder(before: StagedLoad | undefined, { label }: StagedLoad): void {
  if (before && before.label >= label) throw new WeirError({ code: 'INTERNAL', message: `Loads must come in the order of their tables' names, and ${label} came after ${before.label}.` });
}

/** What an earlier attempt at the same transaction committed, whose answer was lost: all of it was prepared then. */
async function earlierCommit({ client }: Transaction, { load }: StagedLoad, loads: readonly Promise<PreparedLoad>[]): Promise<LedgerEntry[] | undefined> {
  if (!(await readEntry(client, load.commitId))) return undefined;
  return readEntries(client, (await Promise.all(loads)).map(({ commitId }) => commitId));
}

/** The server ends a transaction in which nothing happens for a minute. */
const AWAKE_EVERY_MS = 10_000;

/** Waits for something while the transaction is open. */
async function awake<T>(transaction: Transaction, coming: Promise<T>): Promise<T> {
  for (;;) {
    const timer = new AbortController();
    const waiting = delay(AWAKE_EVERY_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    const arrived = await Promise.race([coming.then((value) => ({ value })), waiting]).finally(() => timer.abort());
    if (arrived) return arrived.value;
    await transaction.run('select 1');
  }
}

/** Copies the rows of a load to where nobody sees them: a first load's beside its place, the others' into temporary tables. */
async function stageLoad(transaction: Transaction, load: PreparedLoad, nth: number, { signal, onBytes }: DeliverOptions): Promise<StagedLoad> {
  const { plan, upserts, deletes } = load;
  const label = tableLabel(plan.spec);
  const copy = { signal, onBytes: (bytes: number) => onBytes(label, bytes) };
  const first = plan.kind === 'create';
  const stage = first ? { upserts: besideOf(plan), deletes: '' } : stageTables(nth);
  await placed(label, async () => {
    if (first) await transaction.run(createBeside(plan.spec, stage.upserts, load.commitId));
    await stageRows(transaction, { table: stage.upserts, columns: deliveredColumns(plan.spec), label, made: first }, upserts, { ...copy, freeze: first });
    await stageRows(transaction, { table: stage.deletes, columns: storedIdentity(plan.spec), label, made: false }, deletes, copy);
  });
  return { load, label, stage };
}

/** Where some rows go. */
interface StageTarget {
  /** Quoted. */
  readonly table: string;
  readonly columns: readonly StoredColumn[];
  readonly label: string;
  /** Whether it is there already. */
  readonly made: boolean;
}

async function stageRows(transaction: Transaction, { table, columns, label, made }: StageTarget, files: RowFiles, options: CopyOptions): Promise<void> {
  // Of tables in which nothing changed the server hears nothing: it holds a lock for each that is made.
  if (files.rows === 0) return;
  if (!made) await transaction.run(createTemporary(table, columns));
  await copyFiles(transaction.client, { table, columns: columns.map(({ name }) => name), label }, files, options);
}

function besideOf({ spec }: LoadPlan): string {
  return quoteQualified(spec.schema, `_weir_load_${randomUUID().replaceAll('-', '')}`);
}

/** False when the head is elsewhere by now. */
function claim(pools: Pools, transaction: Transaction, { load: { plan, toSnapshot, commitId }, label }: StagedLoad): Promise<boolean> {
  return endingHungCopies(pools, transaction, () => moveHead(transaction.client, label, plan.head, { snapshot: toSnapshot, commitId, layout: layoutOf(plan.spec) }));
}

/** Whether readers have to wait until the load ends: their rows are exchanged, or the table is altered. */
function keepsReadersWaiting({ load: { plan } }: StagedLoad): boolean {
  return plan.kind === 'rebuild' || (plan.kind === 'merge' && plan.changes.missing.length + plan.changes.widened.length > 0);
}

/** Changes a table whose head is claimed, and writes the ledger's row. */
async function place(transaction: Transaction, staged: StagedLoad): Promise<LedgerEntry> {
  const { plan, commitId, toSnapshot, runId, traceId } = staged.load;
  return placed(staged.label, async () => {
    const counts = await APPLY[plan.kind](transaction, staged);
    const rowsInTable = plan.rowsBefore + counts.inserted - counts.deleted;
    const entry = { commitId, pipeline: plan.pipeline, table: staged.label, fromSnapshot: plan.head.snapshot, toSnapshot, runId, traceId, ...counts, rowsInTable };
    await writeEntry(transaction.client, entry);
    return entry;
  });
}

const NOTHING_CHANGED: Counts = { inserted: 0, updated: 0, deleted: 0 };

const APPLY: Readonly<Record<LoadPlan['kind'], (transaction: Transaction, staged: StagedLoad) => Promise<Counts>>> = {
  create: moveBeside,
  rebuild: replaceAll,
  merge,
};

async function moveBeside(transaction: Transaction, { load: { plan, upserts }, stage }: StagedLoad): Promise<Counts> {
  for (const statement of moveIntoPlace(plan.spec, stage.upserts)) await transaction.run(statement);
  return { ...NOTHING_CHANGED, inserted: upserts.rows };
}

async function replaceAll(transaction: Transaction, { load: { plan, commitId, upserts }, stage }: StagedLoad): Promise<Counts> {
  for (const statement of emptyTable(plan)) await transaction.run(statement);
  await alterColumns((sql) => transaction.run(sql), plan.spec, plan.changes);
  if (upserts.rows > 0) await transaction.run(insertAll(plan.spec, stage, commitId));
  await transaction.run(addKey(plan.spec));
  return { ...NOTHING_CHANGED, inserted: upserts.rows };
}

async function merge(transaction: Transaction, { load: { plan, commitId, upserts, deletes }, stage }: StagedLoad): Promise<Counts> {
  await alterColumns((sql) => transaction.run(sql), plan.spec, plan.changes);
  const deleted = deletes.rows > 0 ? await transaction.run(deleteRows(plan.spec, stage)) : undefined;
  const written = upserts.rows > 0 ? await transaction.run<WrittenRow>(upsertRows(plan.spec, stage, commitId)) : undefined;
  const [counts] = written?.rows ?? [];
  return { inserted: Number(counts?.inserted ?? 0), updated: Number(counts?.updated ?? 0), deleted: deleted?.rowCount ?? 0 };
}

async function placed<T>(label: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw mapDestinationError(error, label);
  }
}
