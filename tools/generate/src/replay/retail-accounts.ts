import { readFile } from 'node:fs/promises';
import { csvLines } from './csv-lines';
import { retailDays, timeOf } from './retail-records';

/** What examples/retail and examples/retail-realtime must hold of a folder of days once their models have followed. Money is in thousandths. */
export interface RetailAccounts {
  readonly read: number;
  readonly quarantined: number;
  readonly duplicate: number;
  /** silver.lines: good lines, exact copies within a day once. */
  readonly lines: number;
  /** gold.revenue_by_day_country. */
  readonly days: { readonly rows: number; readonly revenue: number };
  /** gold.customer_features. */
  readonly customers: { readonly rows: number; readonly monetary: number };
}

interface RetailLine {
  /** Its values as the contract types them. */
  readonly identity: string;
  readonly day: string;
  readonly country: string;
  readonly customer: string | undefined;
  readonly cancellation: boolean;
  /** Thousandths. */
  readonly total: number;
}

/** Counts the lines of a folder as the contract and the models mean them, without Weir. Throws a RangeError for a folder without days. */
export async function expectedRetail(folder: string): Promise<RetailAccounts> {
  const counts = { read: 0, quarantined: 0, duplicate: 0, lines: 0, revenue: 0, monetary: 0 };
  const [groups, customers] = [new Set<string>(), new Set<string>()];
  for (const file of await retailDays(folder)) {
    const seen = new Set<string>();
    const [, ...lines] = csvLines(await readFile(file));
    for (const { fields } of lines) {
      counts.read += 1;
      const line = lineOf(fields);
      if (!line) counts.quarantined += 1;
      else if (seen.has(line.identity)) counts.duplicate += 1;
      else {
        seen.add(line.identity);
        groups.add(`${line.day} ${line.country}`);
        counts.lines += 1;
        if (!line.cancellation) counts.revenue += line.total;
        if (line.customer !== undefined) customers.add(line.customer);
        if (line.customer !== undefined) counts.monetary += line.total;
      }
    }
  }
  const { read, quarantined, duplicate, lines, revenue, monetary } = counts;
  return { read, quarantined, duplicate, lines, days: { rows: groups.size, revenue }, customers: { rows: customers.size, monetary } };
}

/** Undefined for a line that cannot be read or that a row rule refuses. */
function lineOf(fields: readonly string[] | undefined): RetailLine | undefined {
  if (fields?.length !== 8) return undefined;
  const [invoice = '', stock = '', description = '', quantity = '', date = '', price = '', customer = '', country = ''] = fields;
  const numbers = /^-?\d+(\.0+)?$/.test(quantity) && /^-?\d*\.?\d+$/.test(price) && (customer === '' || /^\d+(\.0+)?$/.test(customer));
  if (!numbers || timeOf(date) === undefined || !invoice || !stock || !country) return undefined;
  const [units, thousandths] = [Number(quantity), Math.round(Number(price) * 1_000)];
  const cancellation = invoice.startsWith('C');
  if (thousandths < 0 || (units <= 0 && !cancellation)) return undefined;
  const identity = [invoice, stock, description, units, date, thousandths, customer && Number(customer), country].join('\u001f');
  return { identity, day: date.slice(0, 10), country, customer: customer || undefined, cancellation, total: units * thousandths };
}
