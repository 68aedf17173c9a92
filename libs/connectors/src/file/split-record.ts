/**
 * The fields of one record that the scan found whole (or of a header), quotes removed.
 * For single records: rows in bulk are the engine's work.
 */
export function splitRecord(record: Buffer, delimiter: string): string[] {
  const text = record.toString('utf8');
  const fields: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const quoted = text[at] === '"';
    const end = quoted ? closingQuote(text, at) : nextOrEnd(text, delimiter, at);
    fields.push(quoted ? text.slice(at + 1, end).replaceAll('""', '"') : text.slice(at, end));
    at = (quoted ? nextOrEnd(text, delimiter, end) : end) + 1;
  }
  return fields;
}

function closingQuote(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return text.length;
}

function nextOrEnd(text: string, delimiter: string, from: number): number {
  const at = text.indexOf(delimiter, from);
  return at < 0 ? text.length : at;
}
