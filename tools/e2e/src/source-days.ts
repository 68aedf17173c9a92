import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { csvRecords } from './csv-records';

/** The lines of a day as its file has them: text by header. */
export interface SourceDay {
  /** Such as 2010-12-01. */
  readonly day: string;
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** The days of a folder of `<yyyy-mm-dd>.csv` files, ascending; every line must be whole, or other systems could not have it. */
export function sourceDays(folder: string): SourceDay[] {
  const names = readdirSync(folder).filter((name) => /^\d{4}-\d{2}-\d{2}\.csv$/.test(name)).sort();
  return names.map((name) => {
    const [header, ...records] = [...csvRecords(readFileSync(join(folder, name)))];
    const columns = header?.fields ?? [];
    return { day: name.slice(0, 10), rows: records.map(({ fields, line }) => rowOf(columns, fields, `${name}:${line}`)) };
  });
}

function rowOf(columns: readonly string[], fields: readonly string[] | undefined, place: string): Record<string, string> {
  if (fields?.length !== columns.length) throw new Error(`${place} is not a whole line.`);
  return Object.fromEntries(columns.map((column, at) => [column, fields[at] ?? '']));
}
