import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isWeirError, quoteQualified } from '@weir/core';
import { alterColumns } from './alter-columns';
import { openPools, type Pools, type PostgresConnection } from './config';
import type { CoveredRange } from './covered';
import { copyFiles, type RowFiles } from './copy';
import { isUndefined, mapDestinationError } from './errors';
import { readHeads, type TableState } from './heads';
import { moveHead, readEntry, writeEntry, type LedgerEntry } from './ledger';
import { addKey, createBeside, createTemporary, DELETES, deleteRows, emptyTable, insertAll, moveIntoPlace, UPSERTS, upsertRows } from './merge';
import { orAborted } from './or-aborted';
import { planLoad, type LoadPlan } from './plan';
import { openPositions, type StoredPosition, type StreamPosition, type StreamSource } from './positions';
import { ReadyTables } from './ready-tables';
import { planRestate, restate, writePresent, type PreparedRestatement, type RestatePlan } from './restate';
import { assertStreamBatch, commitStream, type StreamBatch, type StreamCommit } from './stream-commit';
import { ensureStreams, type StreamTable } from './stream-table';
import { StreamUpkeep } from './stream-upkeep';
import { deliveredColumns, layoutOf, storedIdentity, tableLabel, type StoredColumn, type TableSpec } from './table';
import { inTransaction, type Transaction } from './transaction';

/** How often the same transaction is tried on a connection that broke before its answer came. */
const ATTEMPTS = 3;
const RETRY_AFTER_MS = 200;

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
  /** Called with the bytes of the files that are on their way. */
  readonly onBytes: (bytes: number) => void;
}

type CopyMode = DeliverOptions & { readonly freeze?: boolean };

interface Counts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/**
 * A Postgres database that a user names, as the place where tables follow datasets.
 * Every method throws WeirError: UNAVAILABLE, BUSY and DISK_FULL for what passes, DESTINATION_INCOMPATIBLE, MODEL_FAILED and INVALID_VALUE
 * for what a person must change, CANCELLED.
 */
export class PostgresDestination {
  private readonly ready: ReadyTables;
  private readonly upkeep: StreamUpkeep;

  constructor(private readonly pools: Pools) {
    this.ready = new ReadyTables(pools);
    this.upkeep = new StreamUpkeep(pools.questions);
  }

  static open(connection: PostgresConnection): PostgresDestination {
    return new PostgresDestination(openPools(connection));
  }

  /** Where the table stands and what a load to `snapshot` must do; creates ledger and schema where they are missing. */
  async plan(spec: TableSpec, pipeline: string, snapshot: number, signal: AbortSignal): Promise<LoadPlan> {
    return mapped(tableLabel(spec), () => orAborted(signal, planLoad(this.pools.questions, spec, pipeline, snapshot)));
  }

  /** Where a pipeline's tables stand; one that is not there, or was never loaded, is left out. Changes nothing. */
  async heads(specs: readonly TableSpec[], pipeline: string, signal: AbortSignal): Promise<TableState[]> {
    return mapped(undefined, () => orAborted(signal, readHeads(this.pools.questions, specs, pipeline)));
  }

  /**
   * Carries out a prepared load in one transaction. Gives its ledger entry, also when an earlier attempt had committed and only the answer was
   * lost; undefined when the table moved since the plan was made: nothing was changed then, and a new plan is needed.
   */
  async deliver(load: PreparedLoad, options: DeliverOptions): Promise<LedgerEntry | undefined> {
    return persistent(tableLabel(load.plan.spec), options.signal, () => this.attempt(load, options));
  }

  /** Where a stream stands in each partition of its topic, by partition; those of `start` that have no position yet get the one given. */
  async openPositions(source: StreamSource, start: readonly StreamPosition[], signal: AbortSignal): Promise<StoredPosition[]> {
    const opening = async (): Promise<StoredPosition[]> => {
      await ensureStreams(this.pools.questions);
      return openPositions(this.pools.questions, source, start);
    };
    return mapped('weir.position', () => orAborted(signal, opening()));
  }

  /**
   * Commits a micro-batch of a stream in one transaction, also when an earlier try had committed and only the answer was lost. A table that is not there
   * is created, at its first micro-batch and when somebody dropped it. Throws POSITION_MOVED when a range does not begin where the destination stands, and
   * INVALID_VALUE for rows that are not the table's.
   */
  async commitBatch(batch: StreamBatch, signal: AbortSignal): Promise<StreamCommit> {
    assertStreamBatch(batch);
    const tables = batch.tables.map(({ table }) => table);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await mapped(undefined, () => orAborted(signal, this.ready.ensure(tables, batch.pipeline, batch.definitionVersion)));
        const commit = await mapped('weir.ledger', () => commitStream(this.pools, batch, signal));
        this.upkeep.after(tables);
        return commit;
      } catch (error) {
        const undone = isUndefined(error);
        if (undone) this.ready.forget();
        if (attempt === ATTEMPTS || !(undone || (isWeirError(error) && error.code === 'UNAVAILABLE'))) throw error;
        // At once the first time: a connection that broke says nothing of the server.
        await delay(RETRY_AFTER_MS * (attempt - 1), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Where a table of a stream stands before records of it are restated; makes the table ready where it is not. */
  async planRestate(table: StreamTable, pipeline: string, covered: readonly CoveredRange[], signal: AbortSignal): Promise<RestatePlan> {
    return persistent(tableLabel(table.spec), signal, () => orAborted(signal, planRestate(this.pools, table, pipeline, covered, signal)));
  }

  /** Writes what the table has from the records of the plan to a file: identities as CSV without header. */
  async writePresent(plan: RestatePlan, path: string, signal: AbortSignal): Promise<void> {
    await persistent(tableLabel(plan.table.spec), signal, () => writePresent(this.pools, plan, path, signal));
  }

  /** Restates records of a stream's table in one transaction, during which the stream waits; gives and retries as `deliver` does. */
  async restate(prepared: PreparedRestatement, options: DeliverOptions): Promise<LedgerEntry | undefined> {
    return persistent(tableLabel(prepared.plan.table.spec), options.signal, () => restate(this.pools, prepared, options));
  }

  /** Resolves when the database answers. */
  async ping(): Promise<void> {
    await mapped(undefined, () => this.pools.questions.query('select 1'));
  }

  async close(): Promise<void> {
    await Promise.all([this.ready.close(), this.upkeep.settled()]);
    await Promise.all([this.pools.loads.end(), this.pools.questions.end(), this.pools.streams.end()]);
  }

  private async attempt(load: PreparedLoad, options: DeliverOptions): Promise<LedgerEntry | undefined> {
    return inTransaction(this.pools, 'loads', options.signal, async (transaction) => {
      const { plan } = load;
      const counts = plan.kind === 'create' ? await create(transaction, load, options) : await change(transaction, load, options);
      if (!counts) return { commit: false, value: await readEntry(transaction.client, load.commitId) };
      const entry = {
        commitId: load.commitId,
        pipeline: plan.pipeline,
        table: tableLabel(plan.spec),
        fromSnapshot: plan.head.snapshot,
        toSnapshot: load.toSnapshot,
        runId: load.runId,
        traceId: load.traceId,
        ...counts,
        rowsInTable: plan.rowsBefore + counts.inserted - counts.deleted,
      };
      await writeEntry(transaction.client, entry);
      return { commit: true, value: entry };
    });
  }
}

/** Undefined when the head moved. */
async function create(transaction: Transaction, load: PreparedLoad, options: DeliverOptions): Promise<Counts | undefined> {
  const { spec } = load.plan;
  const staging = `_weir_load_${randomUUID().replaceAll('-', '')}`;
  await transaction.run(createBeside(spec, staging, load.commitId));
  await fill(transaction, quoteQualified(spec.schema, staging), load, { ...options, freeze: true });
  if (!(await claim(transaction, load))) return undefined;
  for (const statement of moveIntoPlace(spec, staging)) await transaction.run(statement);
  return { inserted: load.upserts.rows, updated: 0, deleted: 0 };
}

/** Undefined when the head moved. The head is claimed after the copies, so that a load that hangs in one stands in nobody's way. */
async function change(transaction: Transaction, load: PreparedLoad, options: DeliverOptions): Promise<Counts | undefined> {
  const { plan } = load;
  await transaction.run(createTemporary(plan.spec));
  await fill(transaction, UPSERTS, load, options);
  await copyAll(transaction, DELETES, storedIdentity(plan.spec), load.deletes, load, options);
  if (!(await claim(transaction, load))) return undefined;
  return plan.kind === 'rebuild' ? replaceAll(transaction, load) : merge(transaction, load);
}

async function replaceAll(transaction: Transaction, { plan, commitId }: PreparedLoad): Promise<Counts> {
  for (const statement of emptyTable(plan)) await transaction.run(statement);
  await alterColumns((sql) => transaction.run(sql), plan.spec, plan.changes);
  const inserted = await transaction.run(insertAll(plan.spec, commitId));
  await transaction.run(addKey(plan.spec));
  return { inserted: inserted.rowCount ?? 0, updated: 0, deleted: 0 };
}

async function merge(transaction: Transaction, { plan, commitId, upserts, deletes }: PreparedLoad): Promise<Counts> {
  await alterColumns((sql) => transaction.run(sql), plan.spec, plan.changes);
  const deleted = deletes.rows > 0 ? await transaction.run(deleteRows(plan.spec)) : undefined;
  const written = upserts.rows > 0 ? await transaction.run<{ inserted: string; updated: string }>(upsertRows(plan.spec, commitId)) : undefined;
  const [counts] = written?.rows ?? [];
  return { inserted: Number(counts?.inserted ?? 0), updated: Number(counts?.updated ?? 0), deleted: deleted?.rowCount ?? 0 };
}

function fill(transaction: Transaction, table: string, load: PreparedLoad, options: CopyMode): Promise<void> {
  return copyAll(transaction, table, deliveredColumns(load.plan.spec), load.upserts, load, options);
}

async function copyAll(transaction: Transaction, table: string, columns: readonly StoredColumn[], files: RowFiles, { plan }: PreparedLoad, options: CopyMode): Promise<void> {
  if (files.rows > 0) await copyFiles(transaction.client, { table, columns: columns.map(({ name }) => name), label: tableLabel(plan.spec) }, files, options);
}

function claim(transaction: Transaction, { plan, toSnapshot, commitId }: PreparedLoad): Promise<boolean> {
  return moveHead(transaction.client, tableLabel(plan.spec), plan.head, { snapshot: toSnapshot, commitId, layout: layoutOf(plan.spec) });
}

/** Tries a transaction again whose connection broke before its answer came. */
async function persistent<T>(place: string, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await mapped(place, body);
    } catch (error) {
      if (!isWeirError(error) || error.code !== 'UNAVAILABLE' || attempt === ATTEMPTS) throw error;
      await delay(RETRY_AFTER_MS * attempt, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function mapped<T>(place: string | undefined, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw mapDestinationError(error, place);
  }
}
