import { quoteIdent, type Model } from '@weir/core';
import { DELETED_COLUMN, PARTITION_COLUMN, ROW_COLUMNS } from './relation';

/** A SELECT of a bound model's rows with the columns as the definition has them, so that every reader finds the types that apply promised, and Weir's own after them. */
export function typedRows(model: Model, rows: string): string {
  const columns = model.columns.map(({ name, type }) => `${quoteIdent(name)}::${type} as ${quoteIdent(name)}`);
  const kept = [PARTITION_COLUMN, ...(model.scope === 'row' ? [...ROW_COLUMNS, DELETED_COLUMN] : [])].map(({ name }) => name);
  return `select ${[...columns, ...kept].join(', ')} from (${rows})`;
}
