import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WeirError } from '@weir/core';
import { generateRetail } from '@weir/generate';

/** A day of the shop's export: texts as they stand in the file, quotes and all. */
export interface Sheet {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Lines of every day. */
export const DAY_ROWS = 200;

/** What is generated for them: enough, because about four lines in five are of known customers. */
const GENERATED = { from: '2010-12-01', rowsPerDay: 400, seed: 22 };
/** A sale or a cancellation of somebody who is known; whatever the generator writes that the contract refuses has no customer. */
const KNOWN_CUSTOMER = /,\d{5}\.0,[^,]*$/;

/** Days of orders by date, each of DAY_ROWS lines that keep the contract, none of them twice: what is wrong with a day is only what is done to it then. Generated below `folder`. */
export async function cleanDays(folder: string, calendarDays: number): Promise<ReadonlyMap<string, Sheet>> {
  const { files } = await generateRetail(folder, { ...GENERATED, days: calendarDays });
  const days = await Promise.all(files.map(async (file) => [basename(file, '.csv'), cleanSheet(await readFile(file, 'utf8'), file)] as const));
  return new Map(days);
}

function cleanSheet(text: string, file: string): Sheet {
  const [header = '', ...lines] = text.split('\n');
  const rows = [...new Set(lines.filter((line) => KNOWN_CUSTOMER.test(line)))].slice(0, DAY_ROWS);
  if (rows.length < DAY_ROWS) throw new WeirError({ code: 'INTERNAL', place: file, message: `Only ${rows.length} of the generated lines are of known customers; the demo needs ${DAY_ROWS}.` });
  return { header: fields(header), rows: rows.map(fields) };
}

/** The fields of a line, which has no line breaks inside. */
function fields(line: string): string[] {
  return Array.from(line.matchAll(/(?<=^|,)("(?:[^"]|"")*"|[^,]*)(?=,|$)/g), ([field]) => field);
}

/** Writes a day to where its pipeline reads it; gives the file's name. */
export async function writeSheet(folder: string, day: string, { header, rows }: Sheet): Promise<string> {
  const name = `${day}.csv`;
  await writeFile(join(folder, name), `${[header, ...rows].map((row) => row.join(',')).join('\n')}\n`);
  return name;
}

/** A further column behind the others. */
export function withColumn({ header, rows }: Sheet, name: string, field: (at: number) => string): Sheet {
  return { header: [...header, name], rows: rows.map((row, at) => [...row, field(at)]) };
}

export function withoutColumn({ header, rows }: Sheet, name: string): Sheet {
  const place = header.indexOf(name);
  return { header: header.toSpliced(place, 1), rows: rows.map((row) => row.toSpliced(place, 1)) };
}

export function renamedColumn({ header, rows }: Sheet, from: string, to: string): Sheet {
  return { header: header.with(header.indexOf(from), to), rows };
}

/** Other fields in one column. */
export function changedColumn({ header, rows }: Sheet, name: string, field: (text: string, at: number) => string): Sheet {
  const place = header.indexOf(name);
  return { header, rows: rows.map((row, at) => row.with(place, field(row[place] ?? '', at))) };
}

/** What the warehouse must have of some lines of a day: their number, the sum of their prices and of what they come to, in ten-thousandths of a pound. Whole numbers: what is added must be exact. */
export function sumsOf({ header, rows }: Sheet, admitted: (at: number) => boolean): { rows: number; prices: number; totals: number } {
  const kept = rows.filter((_, at) => admitted(at));
  const of = (row: readonly string[], name: string): string => row[header.indexOf(name)] ?? '';
  const prices = kept.map((row) => tenThousandths(of(row, 'UnitPrice')));
  const totals = kept.map((row, at) => Number(of(row, 'Quantity')) * (prices[at] ?? 0));
  return { rows: kept.length, prices: sum(prices), totals: sum(totals) };
}

function tenThousandths(decimal: string): number {
  const [whole = '', fraction = ''] = decimal.split('.');
  return Number(`${whole}${fraction.padEnd(4, '0')}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
