import { quoteIdent } from '../sql/quote';
import type { JsonColumn } from './inline-rows';

/**
 * SQL of a row as one line of CSV that COPY of Postgres reads back as it was: null is an empty field, and text always stands in quotes, so that an empty one
 * differs from null and no field is ever a bare `\.`, which would end the copy.
 */
export function csvRowSql(columns: readonly JsonColumn[]): string {
  // concat() takes null for nothing.
  return `concat(${columns.map(fieldSql).join(`, ',', `)})`;
}

function fieldSql({ name, type }: JsonColumn): string {
  const column = quoteIdent(name);
  switch (type) {
    case 'VARCHAR':
      // Few texts have quotes, and looking for one is cheaper than replacing none (a fifth of the whole line).
      return `'"' || case when contains(${column}, '"') then replace(${column}, '"', '""') else ${column} end || '"'`;
    case 'DATE':
    case 'TIMESTAMP':
      // Postgres wants years before Christ without parentheses.
      return `replace(${column}::VARCHAR, ' (BC)', ' BC')`;
    default:
      return `${column}::VARCHAR`;
  }
}
