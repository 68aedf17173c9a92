import { dialectBytes, type CsvDialect } from './csv-dialect';
import { JsonMachine } from './json-machine';
import { LineMachine } from './line-machine';
import { findIn, type FoundRecord } from './record-finder';
import { RecordMachine } from './record-machine';
import type { CsvScan } from './scan';
import type { JsonScan, RecordsOptions } from './scan-json';
import type { NdjsonScan } from './scan-ndjson';

export interface FindOptions extends CsvDialect {
  readonly name: string;
}

/**
 * The original bytes of the given whole records of a CSV file (ordinals ascending, 0 is the first after the header), read from the nearest entry of the
 * index. Reads each stretch of the file at most once. The file must be the one that was scanned, and of the same dialect.
 */
export function findRecords(path: string, scan: CsvScan, ordinals: readonly number[], options: FindOptions): AsyncGenerator<FoundRecord> {
  const columns = scan.header.length;
  return findIn(path, scan, ordinals, ({ offset, line }, take) => {
    return new RecordMachine({ name: options.name, ...dialectBytes(options), columns, offset, line }, (span, bytes) => {
      if (!span.damage && bytes && (span.length > 0 || columns === 1)) take(span.offset, span.line, bytes);
    });
  });
}

/** As findRecords, of a file of JSON lines. */
export function findLines(path: string, scan: NdjsonScan, ordinals: readonly number[]): AsyncGenerator<FoundRecord> {
  return findIn(path, scan, ordinals, (entry, take) => {
    return new LineMachine(entry, (span, bytes) => {
      if (!span.damage && bytes && !span.blank) take(span.offset, span.line, bytes);
    });
  });
}

/** As findRecords, of a JSON file: its elements as they stand there, over several lines or not. */
export function findElements(path: string, scan: JsonScan, ordinals: readonly number[], { name, records = '' }: RecordsOptions & { readonly name: string }): AsyncGenerator<FoundRecord> {
  return findIn(path, scan, ordinals, ({ offset, line }, take) => {
    return new JsonMachine({ name, offset, number: scan.array ? line : undefined, part: records !== '' }, (span, bytes) => {
      if (!span.damage && bytes) take(span.offset, span.number, bytes);
    });
  });
}
