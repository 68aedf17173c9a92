import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { csvRecords } from './csv-records';
import { retailLine, type RetailLine } from './retail-line';

/** A destination table's rows in the text format of Postgres' COPY, sorted; `_weir_*` columns and line_id are left out. */
export type TableRows = readonly string[];

/** The retail tables by name. */
export interface RetailTables {
  readonly lines: TableRows;
  readonly revenue_by_day_country: TableRows;
  readonly top_products_by_day: TableRows;
  readonly customer_features: TableRows;
}

/** What a run over a folder of daily files must end with. */
export interface RetailTruth {
  readonly accounts: { read: number; admitted: number; duplicate: number; quarantined: number };
  /** `<file>:<line>` of every line set aside, with the reason in the oracle's own words and the line's bytes. */
  readonly quarantine: ReadonlyMap<string, { reason: string; bytes: Buffer }>;
  /** Distinct invoices over all admitted lines. */
  readonly invoices: number;
  /** Sum of all totals, thousandths. */
  readonly total: bigint;
  readonly tables: RetailTables;
}

/**
 * Computes what the retail pipeline must give for a folder of `<yyyy-mm-dd>.csv` files: from the raw bytes, row by row, with whole
 * numbers only, and with nothing of the pipeline's code.
 */
export function retailTruth(folder: string): RetailTruth {
  const accounts = { read: 0, admitted: 0, duplicate: 0, quarantined: 0 };
  const quarantine = new Map<string, { reason: string; bytes: Buffer }>();
  const lines: RetailLine[] = [];
  for (const file of readdirSync(folder).filter((name) => /^\d{4}-\d{2}-\d{2}\.csv$/.test(name)).sort()) {
    const seen = new Set<string>();
    for (const { line, bytes, fields } of csvRecords(readFileSync(join(folder, file)))) {
      if (line === 1) continue;
      accounts.read += 1;
      const row = retailLine(fields);
      if ('refused' in row) {
        accounts.quarantined += 1;
        quarantine.set(`${file}:${line}`, { reason: row.refused, bytes });
        continue;
      }
      const identity = JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
      if (seen.has(identity)) {
        accounts.duplicate += 1;
        continue;
      }
      seen.add(identity);
      accounts.admitted += 1;
      lines.push(row);
    }
  }
  return { accounts, quarantine, invoices: new Set(lines.map(({ invoiceNo }) => invoiceNo)).size, total: sum(lines, total), tables: tables(lines) };
}

function tables(lines: readonly RetailLine[]): RetailTables {
  return {
    lines: lines.map(lineRow).sort(),
    revenue_by_day_country: grouped(lines, (line) => `${day(line)}\t${line.country}`).map(([, group]) => revenueRow(group)).sort(),
    top_products_by_day: grouped(lines.filter(isKept), day).flatMap(([key, group]) => topRows(key, group)).sort(),
    customer_features: grouped(lines.filter(({ customerId }) => customerId !== undefined), ({ customerId }) => String(customerId)).map(([, group]) => customerRow(group)).sort(),
  };
}

function lineRow(line: RetailLine): string {
  return copyRow([line.invoiceNo, line.stockCode, line.description, line.quantity, line.invoiceDate, money(line.unitPrice), line.customerId, line.country, money(total(line)), isKept(line) ? 'f' : 't', day(line)]);
}

function revenueRow(group: readonly RetailLine[]): string {
  const kept = group.filter(isKept);
  const cancelled = group.filter((line) => !isKept(line));
  return copyRow([day(first(group)), first(group).country, invoices(kept), sum(kept, ({ quantity }) => quantity), money(sum(kept, total)), money(sum(cancelled, total))]);
}

function topRows(date: string, group: readonly RetailLine[]): string[] {
  return grouped(group, ({ stockCode }) => stockCode)
    .map(([stockCode, sold]) => ({ stockCode, units: sum(sold, ({ quantity }) => quantity), revenue: sum(sold, total) }))
    .sort((one, other) => compare(other.revenue, one.revenue) || compare(one.stockCode, other.stockCode))
    .slice(0, 10)
    .map(({ stockCode, units, revenue }, index) => copyRow([date, index + 1, stockCode, units, money(revenue)]));
}

function customerRow(group: readonly RetailLine[]): string {
  const dates = group.map(({ invoiceDate }) => invoiceDate).sort();
  return copyRow([first(group).customerId, dates[0], dates.at(-1), invoices(group.filter(isKept)), money(sum(group, total))]);
}

function total(line: RetailLine): bigint {
  return line.quantity * line.unitPrice;
}

function isKept(line: RetailLine): boolean {
  return !line.invoiceNo.startsWith('C');
}

function day(line: RetailLine): string {
  return line.invoiceDate.slice(0, 10);
}

function invoices(lines: readonly RetailLine[]): number {
  return new Set(lines.map(({ invoiceNo }) => invoiceNo)).size;
}

function sum(lines: readonly RetailLine[], value: (line: RetailLine) => bigint): bigint {
  return lines.reduce((so, line) => so + value(line), 0n);
}

function grouped(lines: readonly RetailLine[], key: (line: RetailLine) => string): [string, RetailLine[]][] {
  const groups = new Map<string, RetailLine[]>();
  for (const line of lines) {
    const group = groups.get(key(line));
    if (group) group.push(line);
    else groups.set(key(line), [line]);
  }
  return [...groups];
}

function first<T>(list: readonly T[]): T {
  const [element] = list;
  if (element === undefined) throw new RangeError('An empty group has no first line.');
  return element;
}

function compare<T extends bigint | string>(one: T, other: T): number {
  return one < other ? -1 : Number(one > other);
}

/** Thousandths as Postgres writes a numeric of scale 3. */
function money(thousandths: bigint): string {
  const digits = String(thousandths < 0n ? -thousandths : thousandths).padStart(4, '0');
  return `${thousandths < 0n ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

function copyRow(values: readonly (string | number | bigint | undefined)[]): string {
  return values
    .map((value) => (value === undefined ? '\\N' : String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')))
    .join('\t');
}
