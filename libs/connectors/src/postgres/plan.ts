import type { Pool } from 'pg';
import { columnChanges, NO_CHANGES, type ColumnChanges } from './alter-columns';
import { ensureLedger, readHead, type Head, type LedgerEntry } from './ledger';
import { isStreamLayout } from './stream-table';
import { hasRows, identityColumns, incompatible, inspectTable, layoutOf, tableLabel, type ExistingTable, type TableSpec } from './table';
import { postgresType } from './types';

/**
 * How the table gets to the wanted snapshot:
 * - `create`: it is not there; it is filled beside its place and renamed into it;
 * - `rebuild`: it is there, but what is in it cannot be compared, so all rows are replaced;
 * - `merge`: only the difference is written.
 */
export type LoadKind = 'create' | 'rebuild' | 'merge';

/** Where a table stands. */
interface StandingTable {
  readonly spec: TableSpec;
  readonly pipeline: string;
  readonly head: Head;
  /** The commit that brought the table to its head; undefined before the first. */
  readonly last: LedgerEntry | undefined;
}

/** A table that holds the wanted snapshot or a later one, and is left alone. */
export interface KeptTable extends StandingTable {
  readonly kind: 'keep';
}

/** What a transaction will do to a table, prepared from the head it must still find. */
export interface LoadPlan extends StandingTable {
  readonly kind: LoadKind;
  /** The snapshot that the difference starts from; 0 is nothing. */
  readonly fromSnapshot: number;
  readonly rowsBefore: number;
  /** Ids of rows that the table refused when they were last written: what it has of the older snapshot is without them. */
  readonly refused: readonly string[];
  /** What is altered in the table first. */
  readonly changes: ColumnChanges;
  /** The primary key to replace, if the table's own is not the wanted one. */
  readonly formerKey: ExistingTable['primaryKey'];
}

/** Reads ledger and table and decides how it gets to `snapshot` or beyond; creates ledger and schema where missing. Throws DESTINATION_INCOMPATIBLE. */
export async function planLoad(pool: Pool, spec: TableSpec, pipeline: string, snapshot: number): Promise<LoadPlan | KeptTable> {
  await ensureLedger(pool, spec.schema);
  const { head, last, refused } = await readHead(pool, tableLabel(spec), pipeline, layoutOf(spec));
  if (head.pipeline !== pipeline) throw incompatible(spec, `is loaded by the pipeline ${head.pipeline}`);
  const existing = await inspectTable(pool, spec);
  const base = { spec, pipeline, head, last };
  // A table that was dropped, by hand perhaps, is simply built again.
  if (!existing) return { ...base, kind: 'create', fromSnapshot: 0, rowsBefore: 0, refused, changes: NO_CHANGES, formerKey: undefined };
  // With another layout or wider columns, too: the load that brought the later snapshot had the newer definition.
  if (head.snapshot >= snapshot) return { ...base, kind: 'keep' };
  if (head.snapshot === 0 && !isStreamLayout(head.layout) && (await hasRows(pool, spec))) throw incompatible(spec, 'has rows, but was not built by this Weir');
  const changes = columnChanges(spec, existing);
  const sameKey = existing.primaryKey?.columns.join('\0') === identityColumns(spec).join('\0');
  if (head.snapshot === 0 || head.layout !== layoutOf(spec) || !sameKey || blurs(spec, changes)) {
    return { ...base, kind: 'rebuild', fromSnapshot: 0, rowsBefore: 0, refused, changes, formerKey: existing.primaryKey };
  }
  return { ...base, kind: 'merge', fromSnapshot: head.snapshot, rowsBefore: last?.rowsInTable ?? 0, refused, changes, formerKey: undefined };
}

/** Whether keys, or versions of a key, may fall together that were apart: floating numbers do not tell all integers apart. Where a table has every version, any column makes one. */
function blurs(spec: TableSpec, { widened }: ColumnChanges): boolean {
  const telling = new Set(spec.identity.by === 'version' ? spec.columns.map(({ name }) => name) : [...identityColumns(spec), spec.sequence]);
  return widened.some(({ name, type }) => telling.has(name) && type === postgresType('DOUBLE'));
}
