import { readFile } from 'node:fs/promises';
import { readCsvText } from '@weir/core';
import type { Row } from './row';

/** Rows as a CSV file with a header; null is an empty field, empty text is in quotes, and lists are JSON. */
export function csvOf(rows: readonly Row[]): string {
  const field = (text: string | null): string => (text === null ? '' : `"${text.replaceAll('"', '""')}"`);
  const lines = rows.map(({ id, at, note, tags }) => `${id},${at},${field(note)},${field(tags && JSON.stringify(tags))}\r\n`);
  return `id,at,note,tags\r\n${lines.join('')}`;
}

/** The rows of such a file, or of one that COPY of Postgres wrote. */
export async function csvRows(path: string): Promise<readonly Row[]> {
  const [header, ...records] = readCsvText(await readFile(path, 'utf8')) ?? [];
  if (header?.fields.join() !== 'id,at,note,tags') throw new Error(`${path} has the header ${header?.fields.join()}.`);
  return records.map(({ fields: [id, at, note, tags] }) => ({ id: Number(id), at: new Date((at ?? '').replace(' ', 'T').replace(/\+00$/, 'Z')).toISOString(), note: note ?? null, tags: JSON.parse(tags ?? 'null') as Row['tags'] }));
}

/** Rows by the day that they are of, `yyyy-mm-dd`. */
export function byDay(rows: readonly Row[]): Map<string, Row[]> {
  const days = new Map<string, Row[]>();
  for (const row of rows) days.set(row.at.slice(0, 10), [...(days.get(row.at.slice(0, 10)) ?? []), row]);
  return days;
}
