import { firstRecords, readBeginning, splitRecord, type Beginning } from '@weir/connectors';
import { CSV_LAYOUT, guessDelimiter, isWeirError, WeirError, type FileLayout } from '@weir/core';
import type { DiscoveredDataset } from '@weir/rpc';
import { readParquet } from '../source-test/read-parquet';
import type { LookedAt } from '../source-test/seen-columns';
import { isRecord, jsonIn, listIn } from './json-list';
import { parquetType } from './parquet-type';
import { columnsByValues, keyByValues, valueOfText, type JsonRecord } from './value-types';

/** Records that are looked at. */
export const MOST_RECORDS = 100;

/** What a file has by its first records: columns, and how it is read. */
export type FileDataset = Pick<DiscoveredDataset, 'columns' | 'key' | 'format' | 'delimiter' | 'records'>;

/** How a file is written, by the end of its name. Throws INVALID_VALUE for one that does not say. */
export function formatOf(name: string): FileLayout['format'] {
  const [, ending = ''] = /\.([a-z]+)(?:\.(?:gz|zst|zstd))?$/i.exec(name) ?? [];
  const format = ({ csv: 'csv', tsv: 'csv', txt: 'csv', ndjson: 'ndjson', jsonl: 'ndjson', json: 'json', parquet: 'parquet' } as const)[ending.toLowerCase()];
  if (format) return format;
  throw new WeirError({ code: 'INVALID_VALUE', message: `The name of ${name} does not say that it is CSV, JSON or Parquet.`, place: name, fix: 'Use names that end with .csv, .ndjson or .json, compressed or not, or .parquet; write the contract of others by hand.' });
}

/** The columns of a file, by its footer or by the values of its first records. Throws SOURCE_REFUSED for a file without any, and what reading its beginning throws. */
export async function fileDataset(file: LookedAt): Promise<FileDataset> {
  const format = formatOf(file.name);
  if (format === 'parquet') return parquetDataset(file);
  const beginning = await readBeginning(file.path, { ...CSV_LAYOUT, format }, file);
  const { rows, ...how } = format === 'csv' ? rowsOf(beginning, file.name) : objectsOf(beginning, format, file.name);
  if (rows.length === 0) throw new WeirError({ code: 'SOURCE_REFUSED', message: `${file.name} has no record that says what columns there are.`, place: file.name, fix: 'Name a file that has records.' });
  const columns = columnsByValues(rows);
  return { columns, key: keyByValues(columns, rows), format, ...how };
}

/** Types are those of the file; which columns are never null is only seen. */
async function parquetDataset(file: LookedAt): Promise<FileDataset> {
  const { columns, rows } = await readParquet(file, MOST_RECORDS);
  const records = rows.map((row) => JSON.parse(row) as JsonRecord);
  const typed = columns.map(({ name, type }) => ({ name, type: parquetType(type), sourceType: type, required: records.length > 0 && records.every((record) => (record[name] ?? null) !== null) }));
  return { columns: typed, key: records.length === 0 ? [] : keyByValues(typed, records), format: 'parquet', delimiter: '', records: '' };
}

/** The first records, and how they are found. */
interface Found {
  readonly rows: readonly JsonRecord[];
  readonly delimiter: string;
  /** Of the fields that lead to them. */
  readonly records: string;
}

/** Of the delimiters that the header can be read by, the one that gives the most columns. */
function rowsOf(beginning: Beginning, name: string): Found {
  const best = guessDelimiter((delimiter) => readBy(beginning, delimiter, name));
  // Then what is wrong is wrong by all of them.
  if (!best) firstRecords(beginning, CSV_LAYOUT, name);
  const { header = [], lines = [], delimiter = ',' } = best ?? {};
  const rows = lines.map((line) => {
    const fields = splitRecord(line, delimiter);
    return Object.fromEntries(header.map((column, at) => [column, valueOfText(fields[at] ?? '')]));
  });
  return { rows, delimiter, records: '' };
}

function readBy(beginning: Beginning, delimiter: string, name: string): { readonly header: readonly string[]; readonly lines: readonly Buffer[]; readonly delimiter: string } | undefined {
  try {
    const { header = [], records } = firstRecords(beginning, { ...CSV_LAYOUT, delimiter }, name);
    return { header, lines: records, delimiter };
  } catch (error) {
    if (isWeirError(error) && error.code === 'FILE_MALFORMED') return undefined;
    throw error;
  }
}

/** Of a document that is read as a whole the list of records is looked for; a longer one is the list. */
function objectsOf(beginning: Beginning, format: 'ndjson' | 'json', name: string): Found {
  const list = format === 'json' && beginning.whole ? listIn(jsonIn(beginning.text)) : undefined;
  if (list) return { rows: list.records.slice(0, MOST_RECORDS), delimiter: '', records: list.way.join('.') };
  const { records } = firstRecords(beginning, { ...CSV_LAYOUT, format }, name);
  return { rows: records.map(jsonIn).filter(isRecord), delimiter: '', records: '' };
}
