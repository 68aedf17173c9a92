import { isUtf8 } from 'node:buffer';

/** One record of a CSV file. */
export interface CsvLine {
  readonly bytes: Buffer;
  /** Undefined when the bytes are not UTF-8. */
  readonly fields: readonly string[] | undefined;
}

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 34;

/** The records of a CSV file, header included; a line break between quotes belongs to its field. Lines without a byte are left out. */
export function* csvLines(bytes: Buffer): Generator<CsvLine> {
  let start = 0;
  let quoted = false;
  for (let at = 0; at <= bytes.length; at++) {
    if (bytes[at] === QUOTE) quoted = !quoted;
    if (at < bytes.length && (bytes[at] !== NEWLINE || quoted)) continue;
    const end = at > start && bytes[at - 1] === RETURN ? at - 1 : at;
    if (end > start) yield { bytes: bytes.subarray(start, end), fields: fieldsOf(bytes.subarray(start, end)) };
    start = at + 1;
  }
}

function fieldsOf(bytes: Buffer): string[] | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  if (!text.includes('"')) return text.split(',');
  const fields = [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)];
  return fields.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}
