import { WeirError } from '@weir/core';
import { expectedRetail, openTopic, replayRetail, RETAIL_TOPIC_CONFIG, type RetailAccounts } from '@weir/generate';
import type { Clients } from '@weir/rpc';
import type { PlatformState } from '@weir/servers';
import { generatedDays } from '../generate/retail-days';
import { sentWords } from '../generate/send';
import type { Comparison } from './comparison';
import { Ledger } from './ledger';
import { runStreamDemo } from './stream-demo';

/** Of examples/retail-realtime. */
const TOPIC = 'retail_lines';
const PIPELINE = 'retail_realtime';
const PARTITIONS = 4;
const DAYS = 30;

/**
 * Shows examples/retail-realtime at work on a replay of days: those of a folder, or generated ones. Throws INTERNAL where tables and accounts are not what was sent,
 * NOT_POSSIBLE where the topic has lines of before: days that come again would come late.
 */
export async function retailRealtimeDemo(platform: PlatformState, clients: Clients, data: string | undefined): Promise<boolean> {
  const folder = data ?? (await generatedDays(platform.home, DAYS));
  const expected = await expectedRetail(folder);
  const target = { brokers: platform.kafka, topic: TOPIC, partitions: PARTITIONS };
  const ledger = new Ledger(platform.warehouse);
  try {
    return await runStreamDemo(platform, clients, {
      example: 'retail-realtime',
      prepare: async () => assertEmpty(await openTopic({ ...target, config: RETAIL_TOPIC_CONFIG })),
      send: async (signal) => sentWords(await replayRetail(target, folder, { signal }), TOPIC, false),
      look: () => Promise.resolve(),
      compare: () => compare(ledger, expected),
    });
  } finally {
    await ledger.close();
  }
}

function assertEmpty(records: number): void {
  if (records === 0) return;
  throw new WeirError({ code: 'NOT_POSSIBLE', place: TOPIC, message: `The topic ${TOPIC} has had ${records} records: lines that come again would come late, into its last day.`, fix: 'Set WEIR_HOME to a new folder and run the demo there.' });
}

/** Tables and accounts of examples/retail-realtime beside a count of the files. Money is in thousandths. */
async function compare(ledger: Ledger, expected: RetailAccounts): Promise<readonly Comparison[]> {
  const ask = (select: string, table: string): Promise<Readonly<Record<string, number>>> => ledger.numbers(`select ${select} from retail_realtime.${table}`, []);
  const [accounts, lines, days, customers] = await Promise.all([
    ledger.accounts(PIPELINE, 0),
    ask('count(*) as rows', 'lines'),
    ask('count(*) as rows, sum(revenue) * 1000 as revenue', 'revenue_by_day_country'),
    ask('count(*) as rows, sum(monetary) * 1000 as monetary', 'customer_features'),
  ]);
  return [
    { what: 'records read', expected: expected.read, found: accounts['read'] },
    { what: 'quarantined', expected: expected.quarantined, found: accounts['quarantined'] },
    { what: 'lines: rows', expected: expected.lines, found: lines['rows'] },
    { what: 'revenue_by_day_country: rows', expected: expected.days.rows, found: days['rows'] },
    { what: 'revenue_by_day_country: revenue, thousandths', expected: expected.days.revenue, found: days['revenue'] },
    { what: 'customer_features: rows', expected: expected.customers.rows, found: customers['rows'] },
    { what: 'customer_features: monetary, thousandths', expected: expected.customers.monetary, found: customers['monetary'] },
  ];
}
