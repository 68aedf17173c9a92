import { quoteIdent, quoteLiteral, quoteQualified } from '@weir/core';
import type { LoadPlan } from './plan';
import { columnList, COMMIT_COLUMN, deliveredColumns, identityColumns, type StoredColumn, type TableSpec } from './table';

/** Temporary tables of a transaction, quoted: rows to write, and identities to delete. */
export interface StageTables {
  readonly upserts: string;
  readonly deletes: string;
}

/** Those of the transaction's nth table. */
export function stageTables(nth: number): StageTables {
  return { upserts: `"_weir_upserts_${nth}"`, deletes: `"_weir_deletes_${nth}"` };
}

/**
 * Settings of a load's transaction. A load that died must not hold its locks: the server looks for the client every 2 s, and nobody
 * waits for a lock or in an open transaction for long. The whole is bounded by the stage's time, which cancels.
 */
export const BEGIN = `begin; set local client_connection_check_interval = '2s'; set local lock_timeout = '30s';
  set local idle_in_transaction_session_timeout = '60s'; set local statement_timeout = 0; set local synchronous_commit = on`;

/** The table of a first load under a quoted name of its own: two first loads at once do not wait for each other until one has won. */
export function createBeside(spec: TableSpec, beside: string, commitId: string): string {
  const commit = `${quoteIdent(COMMIT_COLUMN.name)} ${COMMIT_COLUMN.type} default ${quoteLiteral(commitId)}`;
  return `create table ${beside} (${columnList(deliveredColumns(spec))}, ${commit})`;
}

/** Puts the filled table in its place. The key is built last, over all rows at once. */
export function moveIntoPlace(spec: TableSpec, beside: string): string[] {
  const table = quoteQualified(spec.schema, spec.name);
  return [
    `alter table ${beside} rename to ${quoteIdent(spec.name)}`,
    `alter table ${table} add primary key (${names(identityColumns(spec))})`,
    `alter table ${table} alter column ${quoteIdent(COMMIT_COLUMN.name)} drop default`,
  ];
}

/** Creates a temporary table of the transaction. */
export function createTemporary(name: string, columns: readonly StoredColumn[]): string {
  return `create temp table ${name} (${columnList(columns)}) on commit drop`;
}

/** Empties the table and takes its old key off, so that `insertAll` and `addKey` can follow. */
export function emptyTable(plan: Pick<LoadPlan, 'spec' | 'formerKey'>): string[] {
  const table = quoteQualified(plan.spec.schema, plan.spec.name);
  const wanted = new Set(identityColumns(plan.spec));
  const dropped = plan.formerKey ? [`alter table ${table} drop constraint ${quoteIdent(plan.formerKey.name)}`] : [];
  const freed = (plan.formerKey?.columns ?? []).filter((name) => !wanted.has(name)).map((name) => `alter table ${table} alter column ${quoteIdent(name)} drop not null`);
  return [`truncate ${table}`, ...dropped, ...freed];
}

export function addKey(spec: TableSpec): string {
  return `alter table ${quoteQualified(spec.schema, spec.name)} add primary key (${names(identityColumns(spec))})`;
}

/** Inserts every delivered row. */
export function insertAll(spec: TableSpec, { upserts }: StageTables, commitId: string): string {
  const columns = names(deliveredColumns(spec).map(({ name }) => name));
  const table = quoteQualified(spec.schema, spec.name);
  return `insert into ${table} (${columns}, ${quoteIdent(COMMIT_COLUMN.name)}) select ${columns}, ${quoteLiteral(commitId)}::uuid from ${upserts} s`;
}

/** Deletes the rows whose identity was delivered for deletion. */
export function deleteRows(spec: TableSpec, { deletes }: StageTables): string {
  return `delete from ${quoteQualified(spec.schema, spec.name)} t using ${deletes} d where ${sameIdentity(spec, 't', 'd')}`;
}

/** Takes away what the table has in the place of rows of a relation; gives one row (deleted). */
export function retractRows(spec: TableSpec, relation: string): string {
  return `with gone as (delete from ${quoteQualified(spec.schema, spec.name)} t using ${relation} d where ${sameIdentity(spec, 't', 'd')} returning 1) select count(*) as deleted from gone`;
}

/** Creates the table of a first load in its place, empty. */
export function createEmpty(spec: TableSpec): string[] {
  return [`create table ${quoteQualified(spec.schema, spec.name)} (${columnList([...deliveredColumns(spec), COMMIT_COLUMN])})`, addKey(spec)];
}

/** Inserts or updates the delivered rows, in the order of the file; gives the counts as one row (inserted, updated). */
export function upsertRows(spec: TableSpec, stage: StageTables, commitId: string): string {
  return counted(`${insertAll(spec, stage, commitId)} on conflict (${names(identityColumns(spec))}) do update set ${assignments(spec)}`);
}

/** An insert with its counts as one row (inserted, updated). */
export function counted(insert: string): string {
  // xmax is 0 in a row that was just inserted and the updater's id in one that was there.
  return `with written as (${insert} returning xmax = 0 as fresh) select count(*) filter (where fresh) as inserted, count(*) filter (where not fresh) as updated from written`;
}

/** The changes of an upsert: everything but the identity. */
export function assignments(spec: TableSpec): string {
  const identity = new Set(identityColumns(spec));
  const changing = [...deliveredColumns(spec).filter(({ name }) => !identity.has(name)), COMMIT_COLUMN];
  return changing.map(({ name }) => `${quoteIdent(name)} = excluded.${quoteIdent(name)}`).join(', ');
}

/** Two relations have the same key, or id and partition. */
export function sameIdentity(spec: TableSpec, one: string, other: string): string {
  return identityColumns(spec).map((name) => `${one}.${quoteIdent(name)} = ${other}.${quoteIdent(name)}`).join(' and ');
}

function names(columns: readonly string[]): string {
  return columns.map(quoteIdent).join(', ');
}
