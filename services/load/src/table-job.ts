import { tableLabel, type LedgerEntry, type LoadPlan, type PostgresDestination, type RefusedCount } from '@weir/connectors';
import { isWeirError, WeirError, type Model, type WinnerRule } from '@weir/core';
import type { Lake } from '@weir/lake';
import { RuleOutcome, Severity, type RuleCount, type StageContext, type TableLoad } from '@weir/rpc';
import type { Catalog } from './catalog';
import type { KeyRanges } from './key-ranges';
import type { Turns } from './turns';

/** How often tables are planned anew because another load moved one in the meantime. */
export const PLANS = 5;

/** What loading tables takes. */
export interface TableDependencies {
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: { readonly memoryLimit: string; readonly threads: number };
  readonly keyRanges: KeyRanges;
  /** One engine at a time keeps the service within its memory. */
  readonly engineTurns: Turns;
  /** One load of the same tables at a time: a second one would be prepared in vain. */
  readonly tableTurns: Turns;
  /** Two loads over a connection at a time. */
  readonly destinationTurns: Turns;
}

/** A destination to bring to a snapshot. */
export interface DestinationJob {
  readonly context: StageContext;
  readonly connection: string;
  readonly schema: string;
  readonly destination: PostgresDestination;
  /** To reach at least. */
  readonly snapshot: number;
  /** Of the definition that the run pinned. */
  readonly contractVersion: string;
  /** Most rows of one table that it may refuse, of so many that are written. */
  readonly mostRefused: (rows: number) => number;
}

/** A model whose rows a table holds. */
export interface LoadedModel {
  readonly model: Model;
  /** Which row of a key the table holds. */
  readonly winner: WinnerRule;
}

/** One table to bring to a snapshot. */
export interface TableJob extends DestinationJob, LoadedModel {}

/** Where a table's load is; `done` and `total` are bytes of rows while it copies. */
export type ReportTable = (step: string, done: number, total: number) => void;

/** Tells how much of so many bytes was copied: takes them as they go. */
export function copyReport(report: ReportTable, label: string, total: number): (bytes: number) => void {
  let copied = 0;
  // When a table refuses rows all are copied once more.
  return (bytes) => report(`${label}: copy`, Math.min(total, (copied += bytes)), total);
}

/** Runs a load when it is the turn of what it loads and of its connection. */
export function inTurn<T>({ tableTurns, destinationTurns }: TableDependencies, { connection, context }: DestinationJob, tables: string, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  const turn = { signal, background: context.background };
  return tableTurns.take(`${connection} ${tables}`, turn, () => destinationTurns.take(connection, turn, body));
}

/** A table's commit as callers are told of it. */
export function tableLoad(entry: LedgerEntry, connection: string, rules: readonly RefusedCount[], startedMs: number): TableLoad {
  return {
    table: entry.table,
    fromSnapshot: entry.fromSnapshot,
    toSnapshot: entry.toSnapshot,
    insertedOrUpdated: entry.inserted + entry.updated,
    deleted: entry.deleted,
    rowsInTable: entry.rowsInTable ?? 0,
    commitId: entry.commitId,
    milliseconds: Math.round(performance.now() - startedMs),
    refused: entry.refused,
    rules: ruleCounts(connection, rules),
  };
}

/** What tables of a connection demand of rows that they refused, as callers are told of it. */
export function ruleCounts(connection: string, rules: readonly RefusedCount[]): RuleCount[] {
  return rules.map(({ table, rule, rows, positions }) => ({ table: `${connection}/${table}`, rule, rows, samples: positions.map((position) => `${position}: ${rule}`), severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE }));
}

/** What a commit's span says. */
export function spanAttributes({ inserted, updated, deleted, fromSnapshot, toSnapshot }: LedgerEntry): Record<string, number> {
  return { 'weir.rows.out': inserted + updated, 'weir.rows.deleted': deleted, 'weir.snapshot.from': fromSnapshot, 'weir.snapshot.to': toSnapshot };
}

/** What holds a snapshot, and what to do where it holds one that nobody knows. */
export interface Holder {
  readonly what: string;
  readonly place: string;
  readonly snapshot: number;
  readonly fix: string;
}

/** What is beyond the catalog was loaded from another one, and would be left alone for ever: say so instead. */
export async function assertKnown(catalog: Catalog, { pipeline, definitionVersion }: StageContext, { what, place, snapshot, fix }: Holder, signal: AbortSignal): Promise<void> {
  try {
    await catalog.target({ pipeline, definitionVersion, after: snapshot }, signal);
  } catch (error) {
    if (!isWeirError(error) || error.code !== 'INVALID_VALUE') throw error;
    throw new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: `${what} ${place} holds snapshot ${snapshot} of ${pipeline}, which this catalog does not have: another platform loaded it.`, place, fix }, { cause: error });
  }
}

/** The same of a table. */
export function assertKnownTable(catalog: Catalog, { context }: DestinationJob, { head, spec }: Pick<LoadPlan, 'head' | 'spec'>, signal: AbortSignal): Promise<void> {
  return assertKnown(catalog, context, { what: 'Table', place: tableLabel(spec), snapshot: head.snapshot, fix: 'Drop the table, or choose another schema.' }, signal);
}

/** Qualified name of a model's dataset. */
export function datasetOf(model: Model): string {
  return `${model.zone}.${model.name}`;
}
