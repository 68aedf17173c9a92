import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { csvLines } from './csv-lines';

/** One line of the shop as a record. */
export interface RetailRecord {
  /** InvoiceNo; of a line that is damaged whatever stands before its first comma. */
  readonly key: string;
  /** JSON of the line's texts under the header's names; the line's own bytes where it is damaged. */
  readonly value: Buffer;
  /** InvoiceDate, milliseconds since 1970; the last one of the day where the line has none. */
  readonly timestamp: number;
}

/** The days of a folder, as paths of files `<yyyy-mm-dd>.csv` in their order. Throws a RangeError when there is none. */
export async function retailDays(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}-\d{2}-\d{2}\.csv$/.test(name)).sort();
  if (names.length === 0) throw new RangeError(`${folder} has no file such as 2010-12-01.csv.`);
  return names.map((name) => join(folder, name));
}

/**
 * The lines of one day's file in the order in which they happened, those of one time as the file has them. Lines without a time that can be read come
 * last, so that timestamps rise. Throws a RangeError for a file without a header.
 */
export async function retailRecords(file: string): Promise<RetailRecord[]> {
  const [header, ...lines] = csvLines(await readFile(file));
  const names = header?.fields;
  if (!names?.includes('InvoiceDate')) throw new RangeError(`${file} does not begin with a header that has InvoiceDate.`);
  const read = lines.map(({ bytes, fields }) => {
    const whole = fields?.length === names.length ? Object.fromEntries(names.map((name, index) => [name, fields[index] ?? ''])) : undefined;
    const key = whole?.['InvoiceNo'] ?? bytes.subarray(0, Math.max(0, bytes.indexOf(','))).toString('latin1');
    return { key, value: whole ? Buffer.from(JSON.stringify(whole)) : bytes, time: timeOf(whole?.['InvoiceDate'] ?? '') };
  });
  const last = read.reduce((latest, { time }) => Math.max(latest, time ?? 0), 0) || Date.parse(`${/(\S{10})\.csv$/.exec(file)?.[1] ?? ''}T00:00:00Z`);
  const placed = read.map(({ key, value, time }) => ({ key, value, timestamp: time ?? last, untimed: time === undefined }));
  return placed.sort((a, b) => a.timestamp - b.timestamp || Number(a.untimed) - Number(b.untimed)).map(({ key, value, timestamp }) => ({ key, value, timestamp }));
}

/** Milliseconds since 1970 of an InvoiceDate; undefined for what is no time, such as one on 30 February. */
export function timeOf(text: string): number | undefined {
  const time = Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(time) || new Date(time).toISOString() !== `${text.replace(' ', 'T')}.000Z` ? undefined : time;
}
