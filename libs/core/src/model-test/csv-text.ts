/** One record of a CSV text, with the line that it begins on, from 1. */
export interface CsvRecord {
  readonly line: number;
  /** null for an empty field without quotes. */
  readonly fields: readonly (string | null)[];
}

/** The records of a CSV text with commas, as RFC 4180 has them and COPY of Postgres writes them; empty lines are none. Undefined when a quote is never closed. */
export function readCsvText(text: string): CsvRecord[] | undefined {
  const records: CsvRecord[] = [];
  let fields: (string | null)[] = [];
  let [at, line, first] = [0, 1, 1];
  while (at < text.length) {
    const quoted = text[at] === '"';
    const end = quoted ? closingQuote(text, at) : fieldEnd(text, at);
    if (end === undefined) return undefined;
    const field = quoted ? text.slice(at + 1, end).replaceAll('""', '"') : text.slice(at, end);
    line += field.split('\n').length - 1;
    // What stands between a closing quote and the next comma belongs to no field.
    at = quoted ? fieldEnd(text, end + 1) : end;
    fields.push(field === '' && !quoted ? null : field);
    const ends = text[at] !== ',';
    at += text.startsWith('\r\n', at) ? 2 : 1;
    if (!ends && at < text.length) continue;
    if (!ends) fields.push(null);
    if (fields.length > 1 || fields[0] !== null) records.push({ line: first, fields });
    fields = [];
    line += 1;
    first = line;
  }
  return records;
}

function closingQuote(text: string, opening: number): number | undefined {
  for (let at = text.indexOf('"', opening + 1); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return undefined;
}

function fieldEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== ',' && text[at] !== '\n' && !text.startsWith('\r\n', at)) at += 1;
  return at;
}
