import { isUtf8 } from 'node:buffer';

/** One record of a CSV file as it stands there. */
export interface CsvRecord {
  /** Line of its first byte, from 1; the header is on line 1. */
  readonly line: number;
  readonly bytes: Buffer;
  /** Undefined when the bytes are not UTF-8. */
  readonly fields: readonly string[] | undefined;
}

const NEWLINE = 10;
const QUOTE = 34;

/** The records of a CSV file, header included. Written for the oracle alone: it shares nothing with the pipeline's reader. */
export function* csvRecords(bytes: Buffer): Generator<CsvRecord> {
  let start = 0;
  let line = 1;
  let newlines = 0;
  let quoted = false;
  for (let at = 0; at <= bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) quoted = !quoted;
    if (byte === NEWLINE) newlines += 1;
    if ((byte === NEWLINE && !quoted) || (byte === undefined && at > start)) {
      const record = bytes.subarray(start, at);
      yield { line, bytes: record, fields: isUtf8(record) ? splitFields(record.toString('utf8')) : undefined };
      start = at + 1;
      line += Math.max(1, newlines);
      newlines = 0;
    }
  }
}

function splitFields(record: string): string[] {
  if (!record.includes('"')) return record.split(',');
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < record.length; at++) {
    const char = record[at] ?? '';
    if (char === '"' && quoted && record[at + 1] === '"') {
      field += '"';
      at += 1;
    } else if (char === '"') {
      quoted = !quoted;
    } else if (char === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else {
      field += char;
    }
  }
  return [...fields, field];
}
