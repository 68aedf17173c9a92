import type { ColumnType } from '../contract/contract';
import { quoteIdent, quoteLiteral } from '../sql/quote';

/** A column of rows that travel as NDJSON. */
export interface JsonColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** SQL of a row as one JSON object on one line; what JSON's numbers would not keep exact is text. */
export function jsonRowSql(columns: readonly JsonColumn[]): string {
  const fields = columns.map(({ name, type }) => `${quoteIdent(name)}: ${isJsonNative(type) ? quoteIdent(name) : `${quoteIdent(name)}::VARCHAR`}`);
  return `to_json({${fields.join(', ')}})::VARCHAR`;
}

/** A relation of typed rows from NDJSON in a parameter such as `$1`; there must be at least one line. */
export function jsonRowsSql(columns: readonly JsonColumn[], parameter: string): string {
  const structure = JSON.stringify(Object.fromEntries(columns.map(({ name, type }) => [name, type])));
  return `(select r.* from (select from_json(line, ${quoteLiteral(structure)}) as r from (select unnest(string_split(${parameter}, chr(10))) as line)))`;
}

/** Types whose every value JSON gives back as it was: 64-bit integers come through the engine's JSON whole. */
function isJsonNative(type: ColumnType): boolean {
  return type === 'VARCHAR' || type === 'BOOLEAN' || type === 'BIGINT' || type === 'DOUBLE';
}
