import type { DriftStage } from './drift-stage';
import type { DriftStep } from './drift-steps';

/** What the warehouse must have of a day. */
export interface WantedLines {
  readonly date: string;
  /** Lines of all days. */
  readonly lines: number;
  /** Of the day, in ten-thousandths of a pound: counted in its file. */
  readonly sums: { readonly rows: number; readonly prices: number; readonly totals: number };
  readonly fact?: DriftStep['fact'];
}

/** Holds the tables against what they must have of a day, counted there by SQL; gives the lines of the day. Throws INTERNAL where they differ. */
export async function checkLines(stage: DriftStage, { date, lines, sums, fact }: WantedLines): Promise<number> {
  const { ledger, name } = stage;
  const [day, whole, gold, customers] = await Promise.all([
    ledger.numbers(`select count(*) as rows, sum(unit_price) * 10000 as prices, sum(total) * 10000 as totals, count(*) filter (where ${fact?.sql ?? 'false'}) as fact from ${name}.lines where day = $1`, [date]),
    ledger.numbers(`select count(*) as rows, sum(total) as total from ${name}.lines`, []),
    ledger.numbers(`select sum(revenue + cancelled_revenue) * 10000 as totals from ${name}.revenue_by_day_country where day = $1`, [date]),
    ledger.numbers(`select sum(monetary) as total from ${name}.customer_features`, []),
  ]);
  stage.check(date, [
    { what: 'lines of the day', expected: sums.rows, found: day['rows'] },
    { what: 'their prices', expected: sums.prices, found: day['prices'] },
    { what: 'their totals', expected: sums.totals, found: day['totals'] },
    { what: 'the revenue of the day', expected: sums.totals, found: gold['totals'] },
    { what: 'lines of all days', expected: lines, found: whole['rows'] },
    // A model over history: all lines are of known customers.
    { what: 'what customers spent', expected: whole['total'] ?? -1, found: customers['total'] },
    ...(fact ? [{ what: fact.what, expected: fact.expected, found: day['fact'] }] : []),
  ]);
  return sums.rows;
}

/** All rows of all tables as one text, which is another where a single value is. */
export async function fingerprint({ ledger, name }: DriftStage): Promise<string> {
  const { tables = '' } = await ledger.texts(`select string_agg(table_name, ' ' order by table_name) as tables from information_schema.tables where table_schema = $1`, [name]);
  const prints: string[] = [];
  for (const table of tables.split(' ')) {
    const { print = '' } = await ledger.texts(`select count(*) || ' ' || md5(string_agg(t::text, ';' order by t::text)) as print from ${name}.${table} t`, []);
    prints.push(`${table} ${print}`);
  }
  return prints.join(', ');
}
