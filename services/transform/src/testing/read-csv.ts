import type { InlineBatch } from '@weir/rpc';

/** The rows of a CSV batch by column: text, or null for an empty field without quotes. Written after RFC 4180 and Postgres' manual, not after our writer. */
export function readCsv({ data, columns }: Pick<InlineBatch, 'data' | 'columns'>): Record<string, string | null>[] {
  const text = Buffer.from(data).toString();
  const rows: Record<string, string | null>[] = [];
  let fields: (string | null)[] = [];
  for (let at = 0; at <= text.length; at += 1) {
    let field: string | null = null;
    if (text[at] === '"') {
      field = '';
      for (at += 1; text[at] !== '"' || text[at + 1] === '"'; at += 1) {
        if (at >= text.length) throw new Error('a quote is never closed');
        field += text[at];
        if (text[at] === '"') at += 1;
      }
      at += 1;
    } else {
      const end = /[,\n]|$/.exec(text.slice(at))?.index ?? 0;
      field = end === 0 ? null : text.slice(at, at + end);
      at += end;
    }
    fields.push(field);
    if (text[at] === ',') continue;
    if (fields.length !== columns.length) throw new Error(`a line has ${fields.length} fields of ${columns.length}`);
    rows.push(Object.fromEntries(columns.map((name, index) => [name, fields[index] ?? null])));
    fields = [];
  }
  return rows;
}
