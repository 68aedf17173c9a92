import type { ClickAccounts } from '@weir/generate';
import type { Comparison } from './comparison';
import type { Ledger } from './ledger';
import type { QuarantineTally } from './quarantine-tally';

/** Which clicks are compared. */
export interface ClickScope {
  readonly site: string;
  /** Before the first of them, milliseconds since 1970, when the stream had nothing to do. */
  readonly since: number;
}

/** Tables, accounts and quarantine of examples/clickstream beside what the generator knows. Money is in hundredths. */
export async function clickComparison(ledger: Ledger, tally: QuarantineTally, { site, since }: ClickScope, expected: ClickAccounts): Promise<readonly Comparison[]> {
  const ask = (select: string, table: string): Promise<Readonly<Record<string, number>>> => ledger.numbers(`select ${select} from clickstream.${table} where site = $1`, [site]);
  const [accounts, clicks, purchases, users, minutes, rules] = await Promise.all([
    ledger.accounts('clickstream', since),
    ask('count(*) as rows', 'clicks'),
    ask('count(*) as rows, sum(amount) * 100 as amount', 'purchases'),
    ask('count(*) as rows, sum(clicks) as clicks, sum(spent) * 100 as spent', 'users'),
    ask('sum(clicks) as clicks, sum(revenue) * 100 as revenue', 'page_minutes'),
    tally.look(),
  ]);
  return [
    { what: 'records read', expected: expected.read, found: accounts['read'] },
    { what: 'clicks: rows', expected: expected.clicks, found: clicks['rows'] },
    { what: 'purchases: rows', expected: expected.purchases.rows, found: purchases['rows'] },
    { what: 'purchases: amount, hundredths', expected: expected.purchases.amount, found: purchases['amount'] },
    { what: 'page_minutes: clicks', expected: expected.pageMinutes.clicks, found: minutes['clicks'] },
    { what: 'page_minutes: revenue, hundredths', expected: expected.pageMinutes.revenue, found: minutes['revenue'] },
    { what: 'users: rows', expected: expected.users.rows, found: users['rows'] },
    { what: 'users: clicks', expected: expected.users.clicks, found: users['clicks'] },
    { what: 'users: spent, hundredths', expected: expected.users.spent, found: users['spent'] },
    ...ruleComparison(expected.quarantined, rules),
  ];
}

/** Rules that either side knows, each with its rows. */
function ruleComparison(expected: ClickAccounts['quarantined'], found: ReadonlyMap<string, number>): Comparison[] {
  const rules = [...new Set([...Object.keys(expected), ...found.keys()])].toSorted();
  return rules.map((rule) => ({ what: `quarantine: ${rule}`, expected: expected[rule] ?? 0, found: found.get(rule) ?? 0 }));
}
