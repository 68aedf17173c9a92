import type { Pool } from 'pg';
import { ensureLedger, readHead, type Head, type LedgerEntry } from './ledger';
import { isStreamLayout } from './stream-table';
import { hasRows, identityColumns, incompatible, inspectTable, layoutOf, missingColumns, tableLabel, type ExistingTable, type StoredColumn, type TableSpec } from './table';

/**
 * How the table gets to the next snapshot:
 * - `create`: it is not there; it is filled beside its place and renamed into it;
 * - `rebuild`: it is there, but what is in it cannot be compared, so all rows are replaced;
 * - `merge`: only the difference is written.
 */
export type LoadKind = 'create' | 'rebuild' | 'merge';

/** What one transaction will do to a table, prepared from the head it must still find. */
export interface LoadPlan {
  readonly spec: TableSpec;
  readonly kind: LoadKind;
  readonly pipeline: string;
  readonly head: Head;
  /** The commit that brought the table to its head; undefined before the first. */
  readonly last: LedgerEntry | undefined;
  /** The snapshot that the difference starts from; 0 is nothing. */
  readonly fromSnapshot: number;
  readonly rowsBefore: number;
  /** Columns to add to the table first. */
  readonly missing: readonly StoredColumn[];
  /** The primary key to replace, if the table's own is not the wanted one. */
  readonly formerKey: ExistingTable['primaryKey'];
}

/** Reads ledger and table and decides; creates ledger and schema where missing. Throws DESTINATION_INCOMPATIBLE. */
export async function planLoad(pool: Pool, spec: TableSpec, pipeline: string): Promise<LoadPlan> {
  await ensureLedger(pool, spec.schema);
  const { head, last } = await readHead(pool, tableLabel(spec), pipeline, layoutOf(spec));
  if (head.pipeline !== pipeline) throw incompatible(spec, `is loaded by the pipeline ${head.pipeline}`);
  const existing = await inspectTable(pool, spec);
  const base = { spec, pipeline, head, last };
  // A table that was dropped, by hand perhaps, is simply built again.
  if (!existing) return { ...base, kind: 'create', fromSnapshot: 0, rowsBefore: 0, missing: [], formerKey: undefined };
  if (head.snapshot === 0 && !isStreamLayout(head.layout) && (await hasRows(pool, spec))) throw incompatible(spec, 'has rows, but was not built by this Weir');
  const missing = missingColumns(spec, existing);
  const sameKey = existing.primaryKey?.columns.join('\0') === identityColumns(spec).join('\0');
  if (head.snapshot === 0 || head.layout !== layoutOf(spec) || !sameKey) {
    return { ...base, kind: 'rebuild', fromSnapshot: 0, rowsBefore: 0, missing, formerKey: existing.primaryKey };
  }
  return { ...base, kind: 'merge', fromSnapshot: head.snapshot, rowsBefore: last?.rowsInTable ?? 0, missing, formerKey: undefined };
}

/**
 * Whether the table holds `snapshot` or a later one and is left alone. That holds for another layout too: the load that brought the later
 * snapshot had the newer definition.
 */
export function isAt(plan: LoadPlan, snapshot: number): boolean {
  return plan.kind !== 'create' && plan.head.snapshot >= snapshot;
}
