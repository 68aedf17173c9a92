import { createHash } from 'node:crypto';
import { identityColumns, layoutOf, VERSION_COLUMNS, type TableSpec } from '@weir/connectors';
import type { Column, Definition, ExportLayout } from '@weir/core';
import { PARTITION_COLUMN, ROW_COLUMNS } from '@weir/engine';
import type { LoadedModel } from './table-job';
import { tableSpec } from './table-spec';

/** How a table lies in an export. */
export interface TableLayout extends ExportLayout {
  readonly spec: TableSpec;
  readonly columns: readonly Column[];
  /** Columns that tell rows apart; empty where nothing does. */
  readonly key: readonly string[];
  /** What the folders of its days are called; null for a table that has none. */
  readonly partitionedBy: string | null;
  /** Files that were made otherwise cannot lie beside those of this layout. */
  readonly made: string;
}

/** Of a table's day: no model has a column that begins so. */
const RESERVED_DATE = '_weir_date';

/**
 * The layout of a model's table. Rows lie by the day of their grain, save those over all of history, which are rebuilt as a whole, and versions of keys: a dimension is small, and a change of today
 * ends a version of any day.
 */
export function exportTable({ model, winner }: LoadedModel, { grain }: Pick<Definition, 'grain'>, { format, compression }: ExportLayout): TableLayout {
  const spec = tableSpec(model, '');
  const columns = exportColumns(spec);
  const byDay = grain !== undefined && model.scope !== 'history' && model.writeMode !== 'scd2';
  // A reader takes the folder's name for a column, and that before one of the file.
  const partitionedBy = byDay ? (columns.some(({ name }) => name === 'date') ? RESERVED_DATE : 'date') : null;
  const made = createHash('sha256').update(JSON.stringify([columns, layoutOf(spec), winner, format, compression, partitionedBy])).digest('hex');
  const key = spec.identity.by === 'row' && !spec.lineage ? [] : identityColumns(spec);
  return { spec, columns, key, format, compression, partitionedBy, made };
}

/** The columns of the files: those that a table in Postgres has, save for the commit, which files are named after, and the id of rows that have none of their own: there it is a key, here it would be bytes. */
function exportColumns({ identity, columns, sequence, lineage }: TableSpec): Column[] {
  const since = columns.find(({ name }) => name === sequence)?.type ?? 'TIMESTAMP';
  const [from, to, current] = VERSION_COLUMNS;
  const versions: Column[] = identity.by === 'version' ? [{ name: from, type: since }, { name: to, type: since }, { name: current, type: 'BOOLEAN' }] : [];
  const [rowId, ...position] = ROW_COLUMNS;
  const own = [...(identity.by === 'row' ? [PARTITION_COLUMN] : []), ...(rowId && lineage ? [rowId, ...position] : [])];
  return [...columns, ...versions, ...own];
}
