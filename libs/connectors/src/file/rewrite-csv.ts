import { BYTE_ORDER_MARK } from './byte-order-mark';
import { dialectBytes, type CsvDialect } from './csv-dialect';
import { readChunks } from './read-chunks';
import { RecordMachine } from './record-machine';
import type { CsvScan } from './scan';
import { unescapeRecord } from './unescape-record';

const LINE_END = Buffer.from('\n');

export interface RewriteOptions extends CsvDialect {
  /** The file's name for people. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The file's header, if it has one, and whole records, byte for byte, each ended by LF, after a byte order mark: what is left when damaged records, blank lines and skipped lines are
 * taken out. A row of one column without a value is written as an empty field in quotes. Escaped quotes become doubled ones. For files that are not `plain`, and of the dialect that they were scanned with.
 */
export async function* rewriteCsv(path: string, scan: CsvScan, options: RewriteOptions): AsyncGenerator<Buffer> {
  const { name, quote = '"', header, signal } = options;
  const dialect = dialectBytes(options);
  // Where nothing is quoted a blank line is all there is for it.
  const empty = Buffer.from(quote + quote);
  let out: Buffer[] = [BYTE_ORDER_MARK];
  let left = scan.records + (header ? 0 : 1);
  const machine = new RecordMachine({ name, ...dialect, columns: scan.header.length, offset: scan.start }, (span, bytes) => {
    // Blank lines at the end of a file of one column come after the last record.
    if (span.damage || !bytes || left === 0) return;
    left--;
    // A copy, because the window is let go before the chunk is written.
    out.push(span.length > 0 ? Buffer.from(unescapeRecord(bytes, dialect)) : empty, LINE_END);
  });
  let at = 0;
  for await (const chunk of readChunks(path, signal)) {
    if (at + chunk.length > scan.start) machine.push(chunk.subarray(Math.max(0, scan.start - at)));
    at += chunk.length;
    yield Buffer.concat(out);
    out = [];
  }
  machine.end();
  yield Buffer.concat(out);
}
