import { WeirError, type FileLayout } from '@weir/core';
import { byteOrderMark } from './byte-order-mark';
import { compressionOf } from './compression';
import { dialectBytes } from './csv-dialect';
import { JsonReader } from './json-reader';
import { LineMachine } from './line-machine';
import { RecordMachine } from './record-machine';
import { splitRecord } from './split-record';
import { plainChunks } from './write-plain';

/** Text that is looked at: more than any header, and most often hundreds of records. */
const TEXT_BYTES = 1024 * 1024;
/** Records that are looked at. */
const MOST_RECORDS = 100;

/** How a file, or a page of an API, begins. */
export interface Beginning {
  readonly text: Buffer;
  /** Whether that is all there is. */
  readonly whole: boolean;
}

/** The first records of a file. */
export interface FirstRecords {
  /** Of csv with a header, in its order; undefined otherwise. */
  readonly header: readonly string[] | undefined;
  /** Up to 100 that are whole, as they stand there. */
  readonly records: readonly Buffer[];
}

/**
 * The first MiB of a file's text, inflated and as UTF-8. `cut`: the file itself is only the beginning of one, which no compression takes for whole.
 * Throws what compressionOf and plainChunks throw; errors of the file system pass through.
 */
export async function readBeginning(path: string, layout: FileLayout, { name, cut, signal }: { readonly name: string; readonly cut: boolean; readonly signal: AbortSignal }): Promise<Beginning> {
  const compression = await compressionOf(path, name, layout.compression);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of plainChunks(path, { name, compression, encoding: layout.encoding, signal })) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > TEXT_BYTES) break;
    }
  } catch (error) {
    if (!cut || bytes === 0 || signal.aborted) throw error;
  }
  return { text: Buffer.concat(chunks).subarray(0, TEXT_BYTES), whole: !cut && bytes <= TEXT_BYTES };
}

/**
 * Reads the first records of csv, ndjson and json as a run does. None where the first one is longer than the text.
 * Throws FILE_MALFORMED and FILE_TRUNCATED for what a run refuses in them, with `name:line` as place.
 */
export function firstRecords(beginning: Beginning, layout: FileLayout, name: string): FirstRecords {
  return layout.format === 'csv' ? firstRows(beginning, layout, name) : { header: undefined, records: firstObjects(beginning, layout, name) };
}

function firstObjects({ text, whole }: Beginning, { format, records: way }: FileLayout, name: string): Buffer[] {
  const found: Buffer[] = [];
  const take = ({ damage }: { readonly damage: unknown }, bytes: Buffer | undefined): void => {
    if (found.length < MOST_RECORDS && bytes && bytes.length > 0 && damage === undefined) found.push(Buffer.from(bytes));
  };
  const reader = format === 'ndjson' ? new LineMachine({ offset: 0, line: 1 }, take) : new JsonReader({ name, records: way }, take);
  reader.push(text);
  if (whole) reader.end();
  return found;
}

function firstRows({ text, whole }: Beginning, layout: FileLayout, name: string): FirstRecords {
  const { delimiter, quote, escape } = layout;
  const dialect = { delimiter, quote, escape };
  let header: readonly string[] | undefined;
  const records: Buffer[] = [];
  const from = behindLines(text, byteOrderMark(text, name), layout.skipLines);
  if (from === undefined) throw new WeirError({ code: 'FILE_MALFORMED', message: `The file has fewer lines than the ${layout.skipLines} to skip.`, place: `${name}:1` });
  const machine = new RecordMachine({ name, ...dialectBytes(dialect), offset: from, line: layout.skipLines + 1 }, ({ length, damage, line }, bytes) => {
    if (layout.header && !header) {
      if (!bytes || damage) throw new WeirError({ code: 'FILE_MALFORMED', message: `The header cannot be read (${damage ?? 'too_large'}).`, place: `${name}:${line}` });
      header = splitRecord(bytes, delimiter, dialect);
      machine.columns = header.length;
    } else if (records.length < MOST_RECORDS && bytes && length > 0 && !damage) records.push(Buffer.from(bytes));
  });
  machine.push(text.subarray(from));
  if (whole) machine.end();
  if (layout.header && !header) throw new WeirError({ code: 'FILE_MALFORMED', message: whole ? 'The file has no header: it is empty.' : 'The first line is longer than 1 MiB: this is not a CSV file.', place: `${name}:1` });
  return { header, records };
}

/** Where the line after so many begins; undefined where there are fewer. */
function behindLines(text: Buffer, start: number, lines: number): number | undefined {
  let from = start;
  for (let line = 0; line < lines; line += 1) {
    const end = text.indexOf(0x0a, from);
    if (end < 0) return undefined;
    from = end + 1;
  }
  return from;
}
