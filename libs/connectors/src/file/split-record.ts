import { dialectBytes, type CsvDialect } from './csv-dialect';
import { unescapeRecord } from './unescape-record';

/**
 * The fields of one record that the scan found whole (or of a header), quotes removed.
 * For single records: rows in bulk are the engine's work.
 */
export function splitRecord(record: Buffer, delimiter: string, dialect: Omit<CsvDialect, 'delimiter'> = {}): string[] {
  const { quote = '"' } = dialect;
  const text = unescapeRecord(record, dialectBytes({ ...dialect, delimiter })).toString('utf8');
  if (quote === '') return text.split(delimiter);
  const fields: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const quoted = text[at] === quote;
    const end = quoted ? closingQuote(text, quote, at) : nextOrEnd(text, delimiter, at);
    fields.push(quoted ? text.slice(at + 1, end).replaceAll(quote + quote, quote) : text.slice(at, end));
    at = (quoted ? nextOrEnd(text, delimiter, end) : end) + 1;
  }
  return fields;
}

function closingQuote(text: string, quote: string, open: number): number {
  for (let at = text.indexOf(quote, open + 1); at >= 0; at = text.indexOf(quote, at + 2)) {
    if (text[at + 1] !== quote) return at;
  }
  return text.length;
}

function nextOrEnd(text: string, delimiter: string, from: number): number {
  const at = text.indexOf(delimiter, from);
  return at < 0 ? text.length : at;
}
