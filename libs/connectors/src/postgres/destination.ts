import { setTimeout as delay } from 'node:timers/promises';
import { isWeirError } from '@weir/core';
import { openPools, type Pools, type PostgresConnection } from './config';
import type { CoveredRange } from './covered';
import { isUndefined, mapDestinationError } from './errors';
import { readHeads, type TableState } from './heads';
import type { LedgerEntry } from './ledger';
import { commitLoads, type DeliverOptions, type PreparedLoad } from './load-commit';
import { orAborted } from './or-aborted';
import { planLoad, type KeptTable, type LoadPlan } from './plan';
import { openPositions, type StoredPosition, type StreamPosition, type StreamSource } from './positions';
import { ReadyTables } from './ready-tables';
import { markTold, readRefusedCounts, readUntold, type RefusedCount, type Untold, type UntoldRow } from './refused-rows';
import { planRestate, restate, writePresent, type PreparedRestatement, type RestateOptions, type RestatePlan } from './restate';
import { assertStreamBatch, commitStream, type StreamBatch, type StreamCommit } from './stream-commit';
import { ensureStreams, type StreamTable } from './stream-table';
import { StreamUpkeep } from './stream-upkeep';
import { tableLabel, type TableSpec } from './table';

/** How often the same transaction is tried on a connection that broke before its answer came. */
const ATTEMPTS = 3;
const RETRY_AFTER_MS = 200;

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
  async plan(spec: TableSpec, pipeline: string, snapshot: number, signal: AbortSignal): Promise<LoadPlan | KeptTable> {
    return mapped(tableLabel(spec), () => orAborted(signal, planLoad(this.pools.questions, spec, pipeline, snapshot)));
  }

  /** Where a pipeline's tables stand; one that is not there, or was never loaded, is left out. Changes nothing. */
  async heads(specs: readonly TableSpec[], pipeline: string, signal: AbortSignal): Promise<TableState[]> {
    return mapped(undefined, () => orAborted(signal, readHeads(this.pools.questions, specs, pipeline)));
  }

  /**
   * Carries out loads of different tables in one transaction, in the order of the tables' names; they may still be in preparation, each is taken as soon as it is ready. Gives their ledger entries, also when
   * an earlier attempt had committed and only the answer was lost; undefined when a table moved since its plan was made: nothing was changed then, and a new plan is needed.
   */
  async deliver(loads: readonly Promise<PreparedLoad>[], options: DeliverOptions): Promise<LedgerEntry[] | undefined> {
    return persistent(undefined, options.signal, () => commitLoads(this.pools, loads, options));
  }

  /** Some of the rows that tables refused, or had refused, of which the quarantine has not heard; none once it has heard of all. */
  async untold(tables: readonly string[], which: Untold, signal: AbortSignal): Promise<UntoldRow[]> {
    return mapped('weir.refused', () => orAborted(signal, readUntold(this.pools.questions, tables, which)));
  }

  /** How many rows tables refused in commits, and still lack, by rule. */
  async refusedCounts(commitIds: readonly string[], signal: AbortSignal): Promise<RefusedCount[]> {
    return mapped('weir.refused', () => orAborted(signal, readRefusedCounts(this.pools.questions, commitIds)));
  }

  /** Notes that the quarantine has heard of rows. */
  async markTold(rows: readonly UntoldRow[], signal: AbortSignal): Promise<void> {
    return mapped('weir.refused', () => orAborted(signal, markTold(this.pools.questions, rows)));
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
   * is created, at its first micro-batch and when somebody dropped it. Rows that a table refuses are set aside. Throws POSITION_MOVED when a range does not begin where the destination stands,
   * INVALID_VALUE for rows that are not the table's, and BATCH_TOO_LARGE when a table refuses so many that fewer must be tried at a time.
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
  async restate(prepared: PreparedRestatement, options: RestateOptions): Promise<LedgerEntry | undefined> {
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
}

/** Tries a transaction again whose connection broke before its answer came. */
async function persistent<T>(place: string | undefined, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
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
