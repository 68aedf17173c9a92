import { readChunks } from './read-chunks';
import { RecordMachine } from './record-machine';
import { byteOrderMark, type CsvScan } from './scan';

const LINE_END = Buffer.from('\n');

/**
 * The file's header and whole records, byte for byte, each ended by LF: what is left when damaged records and blank lines are taken out.
 * A row of one column without a value is written as `""`. For files that are not `plain`.
 */
export async function* rewriteCsv(path: string, scan: CsvScan, options: { readonly name: string; readonly delimiter: string; readonly signal?: AbortSignal | undefined }): AsyncGenerator<Buffer> {
  let out: Buffer[] = [];
  let left = scan.records + 1;
  const machine = new RecordMachine({ name: options.name, delimiter: options.delimiter.charCodeAt(0), columns: scan.header.length }, (span, bytes) => {
    // Blank lines at the end of a file of one column come after the last record.
    if (span.damage || !bytes || left === 0) return;
    left--;
    // A copy, because the window is let go before the chunk is written.
    out.push(span.length > 0 ? Buffer.from(bytes) : Buffer.from('""'), LINE_END);
  });
  let mark: number | undefined;
  for await (const chunk of readChunks(path, options.signal)) {
    mark ??= byteOrderMark(chunk, options.name);
    machine.push(mark > 0 ? chunk.subarray(mark) : chunk);
    mark = 0;
    yield Buffer.concat(out);
    out = [];
  }
  machine.end();
  yield Buffer.concat(out);
}
