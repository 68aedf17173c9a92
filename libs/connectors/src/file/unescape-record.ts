import type { DialectBytes } from './csv-dialect';

/** A record that was found whole, in the dialect that doubles its quotes instead of escaping them. */
export function unescapeRecord(record: Buffer, { quote, escape }: DialectBytes): Buffer {
  if (escape === -1 || !record.includes(escape)) return record;
  const out = Buffer.allocUnsafe(record.length);
  let [length, quoted] = [0, false];
  for (let at = 0; at < record.length; at++) {
    const byte = record[at];
    const next = record[at + 1];
    if (quoted && byte === escape && (next === quote || next === escape)) {
      // An escaped quote becomes a doubled one; an escaped escape is one.
      if (next === quote) out[length++] = quote;
      out[length++] = next;
      at++;
    } else {
      if (byte === quote) quoted = !quoted;
      out[length++] = byte as number;
    }
  }
  return out.subarray(0, length);
}
