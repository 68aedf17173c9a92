/** A place within an SQL text, counted from 1. */
export interface SqlPlace {
  readonly line: number;
  readonly column: number;
}

/** Strings and comments, whose text names nothing. Quoted identifiers stay. */
const OPAQUE = /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|\$\$[\s\S]*?\$\$/g;

/** Where a table such as `bronze.orders` is first named; the beginning of the text when it cannot be found. */
export function findReference(sql: string, table: string): SqlPlace {
  const text = sql.replace(OPAQUE, (opaque) => opaque.replace(/[^\n]/g, ' '));
  const parts = table.split('.').map((part) => `"?${part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"?`);
  const match = new RegExp(`(?<![\\w".])${parts.join('\\s*\\.\\s*')}(?![\\w"])`, 'i').exec(text);
  const before = sql.slice(0, match?.index ?? 0).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}
