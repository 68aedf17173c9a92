import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { quoteQualified, WeirError } from '@weir/core';
import type { Pools } from './config';
import { copyFiles, type CopyOptions, type RowFiles } from './copy';
import { heedingRefusals, knownRefusal, type DoubtfulTables } from './doubtful-tables';
import { mapDestinationError, placed } from './errors';
import { referredFirst } from './foreign-keys';
import { endingHungCopies } from './hung-copies';
import type { Isolated } from './isolate-rows';
import { moveHead, readEntries, readEntry, writeEntry, type LedgerEntry } from './ledger';
import { lockAlone } from './lock-tables';
import { createBeside, createTemporary, stageTables } from './merge';
import { applyLoad, finishIsolated, isolateLoad, type IsolatedLoad, type StagedLoad } from './place-load';
import type { LoadPlan } from './plan';
import { refusingTable } from './refusal';
import { retryRefused } from './retry-refused';
import { deliveredColumns, layoutOf, storedIdentity, tableLabel, type StoredColumn } from './table';
import { inTransaction, type Transaction } from './transaction';
import { writingRows } from './writing-rows';

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
  /** Most rows of one table that it may refuse, of so many that are written. */
  readonly mostRefused: (rows: number) => number;
}

/**
 * Carries out loads of different tables in one transaction. They come in the order of the tables' names, each when it is prepared: its rows are copied, its head is claimed, and the table is changed while
 * the next one is prepared. Because of that order two loads never wait for each other in a circle. Tables that readers have to wait for are changed last. Undefined when a head moved and the loads had
 * not been committed before: nothing was changed then.
 *
 * When a table refuses rows all is rolled back and begun anew, with that table changed after all others and without these rows. So a load of which no row is refused pays nothing for it.
 */
export async function commitLoads(pools: Pools, loads: readonly Promise<PreparedLoad>[], options: DeliverOptions): Promise<LedgerEntry[] | undefined> {
  // Before there is something to copy a transaction would only hold a connection.
  await loads[0];
  return heedingRefusals((doubtful) => commitOnce(pools, loads, doubtful, options));
}

function commitOnce(pools: Pools, loads: readonly Promise<PreparedLoad>[], doubtful: DoubtfulTables, options: DeliverOptions): Promise<LedgerEntry[] | undefined> {
  return inTransaction(pools, 'loads', options.signal, async (transaction) => {
    const staged: StagedLoad[] = [];
    const counts = new Map<StagedLoad, Isolated>();
    const apply = async (one: StagedLoad): Promise<void> => {
      if (!doubtful.has(one.label)) counts.set(one, { ...(await placed(one.label, () => writingRows(one.label, () => applyLoad(transaction.run, one)))), refused: 0 });
    };
    for (const [nth, coming] of loads.entries()) {
      const one = await stageLoad(transaction, await awake(transaction, coming), nth, options);
      assertOrder(staged.at(-1), one);
      staged.push(one);
      if (!(await placed(one.label, () => claim(pools, transaction, one)))) return { commit: false, value: await earlierCommit(transaction, one, loads) };
      if (!keepsReadersWaiting(one)) await apply(one);
    }
    const last = staged.filter(keepsReadersWaiting);
    await lockAlone(transaction, last.map(({ load }) => load.plan.spec));
    for (const one of last) await apply(one);
    const isolated = await isolateAll(transaction, staged.filter(({ label }) => doubtful.has(label)), { doubtful, others: counts.size > 0, mostRefused: options.mostRefused });
    for (const [one, done] of isolated) counts.set(one, done);
    const entries = await writeEntries(transaction, staged, counts);
    await checkDeferred(transaction, staged);
    return { commit: true, value: entries };
  });
}

/** How tables that refuse rows are changed. */
interface IsolateOptions extends Pick<DeliverOptions, 'mostRefused'> {
  readonly doubtful: DoubtfulTables;
  /** Whether other tables were changed first: what was refused for want of their rows may not be any more. */
  readonly others: boolean;
}

/** Changes the tables that refuse rows, when the others are changed: a row may refer to rows of another table. */
async function isolateAll({ run }: Transaction, staged: readonly StagedLoad[], { doubtful, others, mostRefused }: IsolateOptions): Promise<Map<StagedLoad, Isolated>> {
  const isolated: IsolatedLoad[] = [];
  for (const one of await referredFirst(run, staged)) {
    const known = knownRefusal(doubtful, one.label, others || isolated.length > 0);
    isolated.push(await placed(one.label, () => isolateLoad(run, one, known, mostRefused)));
  }
  await retryRefused(isolated.map(({ staged: { label }, isolation }) => ({ label, isolation })));
  const done = new Map<StagedLoad, Isolated>();
  for (const one of isolated) done.set(one.staged, await placed(one.staged.label, () => finishIsolated(run, one)));
  return done;
}

async function writeEntries({ client }: Transaction, staged: readonly StagedLoad[], counts: ReadonlyMap<StagedLoad, Isolated>): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  for (const one of staged) {
    const { plan, commitId, toSnapshot, runId, traceId } = one.load;
    const { inserted, updated, deleted, refused } = counts.get(one) ?? { inserted: 0, updated: 0, deleted: 0, refused: 0 };
    const entry = { commitId, pipeline: plan.pipeline, table: one.label, fromSnapshot: plan.head.snapshot, toSnapshot, runId, traceId, inserted, updated, deleted, refused, rowsInTable: plan.rowsBefore + inserted - deleted };
    await placed(one.label, () => writeEntry(client, entry));
    entries.push(entry);
  }
  return entries;
}

/** What is checked at the commit otherwise, when the table that it is about is not known any more. */
async function checkDeferred({ run }: Transaction, staged: readonly StagedLoad[]): Promise<void> {
  try {
    await writingRows('deferred constraints', () => run('set constraints all immediate'));
  } catch (error) {
    throw mapDestinationError(error, refusingTable(error) ?? staged[0]?.label);
  }
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
  return { load, label, stage, nth };
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
