import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { firstRecords, readBeginning, splitRecord, testS3, type Beginning } from '@weir/connectors';
import { CSV_LAYOUT, isWeirError, WeirError, WHOLE, type S3ConnectionSettings } from '@weir/core';
import type { DiscoveredDataset, DiscoverSourceResponse } from '@weir/rpc';
import { Bucket } from '@weir/s3';
import { storeBeginning } from '../source-test/test-bucket-source';
import type { Discovery } from './discover-source';
import { isRecord, listIn } from './json-list';
import { columnsByValues, keyByValues, valueOfText, type JsonRecord } from './value-types';

/** Records of a document that are looked at. */
const MOST_RECORDS = 100;

/** What is asked for. */
interface AskedObjects {
  readonly settings: S3ConnectionSettings;
  readonly bucket: string;
  readonly key: string;
}

/** The columns of the first object that a key or pattern names, by the values of its first MiB. Throws SOURCE_MISSING where there is none, INVALID_VALUE for what its name does not say how to read. */
export async function discoverObject({ settings, bucket: name, key }: AskedObjects, { lake, egress, secretOf, signal }: Discovery): Promise<DiscoverSourceResponse> {
  const path = key.replace(/^\/+/, '');
  const options = { signal, address: (host: string, port: number) => egress.address(host, port), secretOf, limits: { tries: 1 } };
  const [first] = (await testS3({ bucket: name, path }, settings, options)).first;
  if (!first) throw new WeirError({ code: 'SOURCE_MISSING', message: `No object matches ${name}/${path}.`, place: `${name}/${path}`, fix: 'Check bucket and key.' });
  const format = formatOf(first.key);
  const bucket = Bucket.open({ bucket: name }, settings, options);
  const scratch = await lake.scratch('source-discovery', randomUUID());
  try {
    const file = join(scratch.dir, 'beginning');
    const cut = await storeBeginning(bucket, { ...first, partition: WHOLE }, file, signal);
    const beginning = await readBeginning(file, { ...CSV_LAYOUT, format }, { name: first.key, cut, signal });
    const { rows, ...how } = format === 'csv' ? rowsOf(beginning, first.key) : objectsOf(beginning, format, first.key);
    if (rows.length === 0) throw new WeirError({ code: 'SOURCE_REFUSED', message: `${first.key} has no record that says what columns there are.`, place: first.key, fix: 'Name an object that has records.' });
    const columns = columnsByValues(rows);
    const dataset: DiscoveredDataset = { name: path, kind: 'object', columns, key: keyByValues(columns, rows), rows: undefined, format, ...how };
    return { type: 's3', datasets: [dataset], more: false };
  } finally {
    bucket.close();
    await scratch.dispose();
  }
}

function formatOf(key: string): 'csv' | 'ndjson' | 'json' {
  const [, ending = ''] = /\.([a-z]+)(?:\.(?:gz|zst|zstd))?$/i.exec(key) ?? [];
  const format = ({ csv: 'csv', tsv: 'csv', txt: 'csv', ndjson: 'ndjson', jsonl: 'ndjson', json: 'json' } as const)[ending.toLowerCase()];
  if (format) return format;
  throw new WeirError({ code: 'INVALID_VALUE', message: `The name of ${key} does not say that it is CSV or JSON.`, place: key, fix: 'Name objects that end with .csv, .ndjson or .json, compressed or not; write the contract of others by hand.' });
}

/** The first records, and how they are found. */
interface Found {
  readonly rows: readonly JsonRecord[];
  readonly delimiter: string;
  /** Of the fields that lead to them. */
  readonly records: string;
}

const DELIMITERS = [',', ';', '\t', '|'];

/** Of the delimiters that the header can be read by, the one that gives the most columns. */
function rowsOf(beginning: Beginning, name: string): Found {
  const readings = DELIMITERS.flatMap((delimiter) => readBy(beginning, delimiter, name) ?? []);
  const [best] = readings.sort((a, b) => b.header.length - a.header.length);
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

function jsonIn(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
