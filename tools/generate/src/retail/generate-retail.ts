import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../random';
import { customers, products } from './catalogue';
import { shopDay, type Shop } from './day';
import { BREAKAGES, brokenLine, csvLine, HEADER, type Line } from './line';

const DAY_MS = 86_400_000;
const SATURDAY = 6;
const NEWLINE = Buffer.from('\n');

/** What to generate. */
export interface RetailOptions {
  /** First day, yyyy-mm-dd. */
  readonly from: string;
  /** Calendar days; the shop is closed on Saturdays, which therefore have no file. */
  readonly days: number;
  /** Lines of every file, without its header. */
  readonly rowsPerDay: number;
  readonly seed: number;
  /** Share of lines that are damaged beyond reading, from 0 to 0.5; 0 when not given. */
  readonly brokenShare?: number;
}

/** What was generated. `expected` are the accounts that a run over all files must end with. */
export interface GeneratedRetail {
  /** File paths in the order of their days. */
  readonly files: readonly string[];
  readonly rows: number;
  readonly expected: { readonly read: number; readonly admitted: number; readonly duplicate: number; readonly quarantined: number };
}

/**
 * Writes daily CSV files of retail orders into `dir`, `<yyyy-mm-dd>.csv`, with the shape and the dirt of a real shop's export.
 * The same options give the same bytes. Throws a RangeError for a date or number that cannot be.
 */
export async function generateRetail(dir: string, options: RetailOptions): Promise<GeneratedRetail> {
  const first = Date.parse(`${options.from}T00:00:00Z`);
  const { days, rowsPerDay, brokenShare = 0 } = options;
  if (Number.isNaN(first)) throw new RangeError(`\`${options.from}\` is not a date such as 2010-12-01.`);
  if (!(days >= 1) || !(rowsPerDay >= 1) || !(brokenShare >= 0 && brokenShare <= 0.5)) throw new RangeError('days and rowsPerDay begin at 1; brokenShare goes from 0 to 0.5.');
  const random = new Random(options.seed);
  const shop: Shop = { random, products: products(random, 4_000), customers: customers(random, 4_300), nextInvoice: 536_365 };
  const counts = { read: 0, admitted: 0, duplicate: 0, quarantined: 0 };
  const files: string[] = [];
  await mkdir(dir, { recursive: true });
  for (let at = first; at < first + days * DAY_MS; at += DAY_MS) {
    if (new Date(at).getUTCDay() === SATURDAY) continue;
    const date = new Date(at).toISOString().slice(0, 10);
    const broken = Math.floor(rowsPerDay * brokenShare);
    const day = shopDay(shop, date, rowsPerDay - broken);
    const file = join(dir, `${date}.csv`);
    await writeFile(file, csvFile(day.lines, broken));
    files.push(file);
    counts.read += rowsPerDay;
    counts.duplicate += day.duplicates;
    counts.quarantined += day.refused + broken;
  }
  counts.admitted = counts.read - counts.duplicate - counts.quarantined;
  return { files, rows: counts.read, expected: counts };
}

/** The file's bytes, `broken` damaged lines spread evenly among the good ones. */
function csvFile(lines: readonly Line[], broken: number): Buffer {
  if (broken === 0) return Buffer.from(`${HEADER}\n${lines.map(csvLine).join('\n')}\n`);
  const parts: Buffer[] = [Buffer.from(HEADER), NEWLINE];
  const every = Math.max(1, Math.floor(lines.length / broken));
  let damaged = 0;
  for (const [index, line] of lines.entries()) {
    parts.push(Buffer.from(csvLine(line)), NEWLINE);
    if (index % every === every - 1 && damaged < broken) parts.push(damagedLine(line, damaged++), NEWLINE);
  }
  while (damaged < broken) parts.push(damagedLine(lines[0], damaged++), NEWLINE);
  return Buffer.concat(parts);
}

/** A damaged copy of a line under an invoice number of its own, so that it is no duplicate of anything. */
function damagedLine(line: Line | undefined, index: number): Buffer {
  const model: Line = line ?? { invoiceNo: '', stockCode: '22423', description: 'POSTCARD', quantity: 7, date: '2010-12-01 08:00:00', price: 2550, country: 'France' };
  return brokenLine({ ...model, invoiceNo: `9${String(index).padStart(5, '0')}` }, BREAKAGES[index % BREAKAGES.length] ?? BREAKAGES[0]);
}
