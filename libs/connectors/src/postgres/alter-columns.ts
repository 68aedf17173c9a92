import { quoteIdent, quoteQualified, widens } from '@weir/core';
import { COMMIT_COLUMN, deliveredColumns, incompatible, tableLabel, type ExistingTable, type StoredColumn, type TableName, type TableSpec } from './table';
import { columnType } from './types';

/** How a table that is there must change to hold a model's rows. */
export interface ColumnChanges {
  /** Columns to add. */
  readonly missing: readonly StoredColumn[];
  /** Columns to give a wider type. */
  readonly widened: readonly WidenedColumn[];
}

/** A column with the type that it is to have. */
export interface WidenedColumn extends StoredColumn {
  readonly from: string;
}

export const NO_CHANGES: ColumnChanges = { missing: [], widened: [] };

/**
 * What an existing table lacks. Throws DESTINATION_INCOMPATIBLE, naming each column and both types, when a column of the model has another type in the table that does not
 * widen to it, when a view reads a column that would have to, and when the table demands a column that the model does not give.
 */
export function columnChanges(spec: TableSpec, existing: ExistingTable): ColumnChanges {
  const wanted = [...deliveredColumns(spec), COMMIT_COLUMN];
  const given = new Set(wanted.map(({ name }) => name));
  const formerKey = new Set(existing.primaryKey?.columns);
  const { widened, others } = typeChanges(existing, wanted);
  const faults = others.map(typesText);
  for (const name of existing.demanded) if (!given.has(name) && !formerKey.has(name)) faults.push(`column ${name} must not be null in the table and is not in the model`);
  const [other] = others;
  const fix = other && `Cast ${other.name} to the table's type in the model, or drop the table: it is built anew then, with the rows that its source still has.`;
  if (faults.length > 0) throw incompatible(spec, `does not fit the model: ${faults[0]}`, { samples: faults, fix });
  assertUnread(spec, existing, widened);
  const there = new Set(existing.columns.map(({ name }) => name));
  return { missing: wanted.filter(({ name }) => !there.has(name)), widened };
}

/** The columns whose type in a table is not the wanted one: those that widen to it, and the others. */
export function typeChanges({ columns }: ExistingTable, wanted: readonly StoredColumn[]): { readonly widened: WidenedColumn[]; readonly others: WidenedColumn[] } {
  const there = new Map(columns.map(({ name, type }) => [name, type]));
  const changes = wanted.flatMap(({ name, type }) => {
    const from = there.get(name);
    return from === undefined || from === type ? [] : [{ name, from, type }];
  });
  return { widened: changes.filter(isWider), others: changes.filter((change) => !isWider(change)) };
}

function isWider(change: WidenedColumn): boolean {
  const [from, to] = [columnType(change.from), columnType(change.type)];
  return from !== undefined && to !== undefined && widens(from, to);
}

function typesText({ name, from, type }: WidenedColumn): string {
  return `column ${name} is ${from} in the table and ${type} in the model`;
}

/** Before anything is done: Postgres would say so only at the end, and name the first view alone. */
function assertUnread(spec: TableSpec, { views }: ExistingTable, widened: readonly WidenedColumn[]): void {
  const faults = widened.flatMap((change) => views.filter(({ column }) => column === change.name).map(({ view }) => `${typesText(change)}, and Postgres does not alter it while the view ${view} reads it`));
  if (faults.length === 0) return;
  const names = [...new Set(views.filter(({ column }) => widened.some(({ name }) => name === column)).map(({ view }) => view))];
  throw incompatible(spec, `cannot follow the model: ${faults[0]}`, { samples: faults, fix: `Drop ${names.join(', ')}, run the load again, and create ${names.length > 1 ? 'them' : 'it'} anew.` });
}

/** What Postgres says when something depends on a column: a view that came meanwhile, a generated column, a policy, a key of partitions. */
const REFUSALS: ReadonlySet<string> = new Set(['0A000', '2BP01', '42P16']);

/**
 * Alters a table in the caller's transaction, in one pass over its rows; nobody reads the table until that ends. Throws DESTINATION_INCOMPATIBLE when something depends on a
 * column that widens, and when keys fall together that were apart; else what `run` throws.
 */
export async function alterColumns(run: (sql: string) => Promise<unknown>, table: TableName, { missing, widened }: ColumnChanges): Promise<void> {
  const actions = [...missing.map(({ name, type }) => `add column ${quoteIdent(name)} ${type}`), ...widened.map(({ name, type }) => `alter column ${quoteIdent(name)} type ${type}`)];
  if (actions.length === 0) return;
  try {
    await run(`alter table ${quoteQualified(table.schema, table.name)} ${actions.join(', ')}`);
  } catch (error) {
    throw refusal(table, widened, error);
  }
}

function refusal(table: TableName, widened: readonly WidenedColumn[], error: unknown): unknown {
  const { code = '', message = '', detail = '' } = error as { code?: string; message?: string; detail?: string };
  const [first] = widened;
  if (!first) return error;
  const types = widened.map(typesText);
  if (code === '23505') {
    const fix = `Keep ${first.from} in the model, where all of them are apart.`;
    return incompatible(table, `cannot follow the model: ${types.join('; ')}, and rows that the first tells apart have one key as the second`, { fix, cause: error });
  }
  if (!REFUSALS.has(code)) return error;
  // Its detail names what depends on the column, and no value of a row.
  const reason = `cannot follow the model: ${types.join('; ')}, and Postgres refuses to alter it: ${message}${detail && `; ${detail}`}`;
  return incompatible(table, reason, { samples: types, fix: `Drop what depends on the column, run the load again, and create it anew. The table is ${tableLabel(table)}.`, cause: error });
}
