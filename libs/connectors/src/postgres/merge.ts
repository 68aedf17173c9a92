import { quoteIdent, quoteLiteral, quoteQualified } from '@weir/core';
import type { LoadPlan } from './plan';
import { columnList, COMMIT_COLUMN, deliveredColumns, identityColumns, type TableSpec } from './table';

/** Temporary tables of the transaction. */
export const UPSERTS = '"_weir_upserts"';
export const DELETES = '"_weir_deletes"';

/**
 * Settings of a load's transaction. A load that died must not hold its locks: the server looks for the client every 2 s, and nobody
 * waits for a lock or in an open transaction for long. The whole is bounded by the stage's time, which cancels.
 */
export const BEGIN = `begin; set local client_connection_check_interval = '2s'; set local lock_timeout = '30s';
  set local idle_in_transaction_session_timeout = '60s'; set local statement_timeout = 0; set local synchronous_commit = on`;

/** The table of a first load, under a name of its own: two first loads at once do not wait for each other until one has won. */
export function createBeside(spec: TableSpec, staging: string, commitId: string): string {
  const commit = `${quoteIdent(COMMIT_COLUMN.name)} ${COMMIT_COLUMN.type} default ${quoteLiteral(commitId)}`;
  return `create table ${quoteQualified(spec.schema, staging)} (${columnList(deliveredColumns(spec))}, ${commit})`;
}

/** Puts the filled table in its place. The key is built last, over all rows at once. */
export function moveIntoPlace(spec: TableSpec, staging: string): string[] {
  const table = quoteQualified(spec.schema, spec.name);
  return [
    `alter table ${quoteQualified(spec.schema, staging)} rename to ${quoteIdent(spec.name)}`,
    `alter table ${table} add primary key (${names(identityColumns(spec))})`,
    `alter table ${table} alter column ${quoteIdent(COMMIT_COLUMN.name)} drop default`,
  ];
}

export function createTemporary(spec: TableSpec): string {
  const identity = new Set(identityColumns(spec));
  const columns = deliveredColumns(spec);
  return `create temp table ${UPSERTS} (${columnList(columns)}) on commit drop;
    create temp table ${DELETES} (${columnList(columns.filter(({ name }) => identity.has(name)))}) on commit drop`;
}

export function addColumns(plan: Pick<LoadPlan, 'spec' | 'missing'>): string[] {
  const table = quoteQualified(plan.spec.schema, plan.spec.name);
  return plan.missing.map(({ name, type }) => `alter table ${table} add column ${quoteIdent(name)} ${type}`);
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
export function insertAll(spec: TableSpec, commitId: string): string {
  const columns = names(deliveredColumns(spec).map(({ name }) => name));
  const table = quoteQualified(spec.schema, spec.name);
  return `insert into ${table} (${columns}, ${quoteIdent(COMMIT_COLUMN.name)}) select ${columns}, ${quoteLiteral(commitId)}::uuid from ${UPSERTS}`;
}

/** Deletes the rows whose identity was delivered for deletion. */
export function deleteRows(spec: TableSpec): string {
  const same = identityColumns(spec).map((name) => `t.${quoteIdent(name)} = d.${quoteIdent(name)}`);
  return `delete from ${quoteQualified(spec.schema, spec.name)} t using ${DELETES} d where ${same.join(' and ')}`;
}

/** Inserts or updates the delivered rows, in the order of the file; gives the counts as one row (inserted, updated). */
export function upsertRows(spec: TableSpec, commitId: string): string {
  const identity = new Set(identityColumns(spec));
  const changing = [...deliveredColumns(spec).map(({ name }) => name).filter((name) => !identity.has(name)), COMMIT_COLUMN.name];
  const changes = changing.map((name) => `${quoteIdent(name)} = excluded.${quoteIdent(name)}`);
  // xmax is 0 in a row that was just inserted and the updater's id in one that was there.
  return `with written as (${insertAll(spec, commitId)} on conflict (${names([...identity])}) do update set ${changes.join(', ')} returning xmax = 0 as inserted)
    select count(*) filter (where inserted)::int8 as inserted, count(*) filter (where not inserted)::int8 as updated from written`;
}

function names(columns: readonly string[]): string {
  return columns.map(quoteIdent).join(', ');
}
