import { WeirError } from '@weir/core';
import { openTopic, replayRetail, RETAIL_TOPIC_CONFIG, type GeneratedRetail, type Sent } from '@weir/generate';
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
  const generated = data === undefined ? await generatedDays(platform.home, DAYS) : undefined;
  const folder = data ?? generated?.folder ?? '';
  const target = { brokers: platform.kafka, topic: TOPIC, partitions: PARTITIONS };
  const ledger = new Ledger(platform.warehouse);
  let sent: Sent | undefined;
  try {
    return await runStreamDemo(platform, clients, {
      example: 'retail-realtime',
      prepare: async () => assertEmpty(await openTopic({ ...target, config: RETAIL_TOPIC_CONFIG })),
      send: async (signal) => {
        sent = await replayRetail(target, folder, { signal });
        return sentWords(sent, TOPIC, false);
      },
      look: () => Promise.resolve(),
      compare: () => compare(ledger, sent?.records ?? 0, generated?.expected),
    });
  } finally {
    await ledger.close();
  }
}

function assertEmpty(records: number): void {
  if (records === 0) return;
  throw new WeirError({ code: 'NOT_POSSIBLE', place: TOPIC, message: `The topic ${TOPIC} has had ${records} records: lines that come again would come late, into its last day.`, fix: 'Set WEIR_HOME to a new folder and run the demo there.' });
}

/** The generator's accounts where it made the lines; and that what follows from all lines has followed, counted in the destination over its table of lines. */
async function compare(ledger: Ledger, records: number, generated: GeneratedRetail['expected'] | undefined): Promise<readonly Comparison[]> {
  const ask = (select: string, table: string): Promise<Readonly<Record<string, number>>> => ledger.numbers(`select ${select} from retail_realtime.${table}`, []);
  const [accounts, lines, days, customers] = await Promise.all([
    ledger.accounts(PIPELINE, 0),
    ask('count(*) as rows, count(distinct customer_id) as customers, count(distinct (day, country)) as groups, sum(total) filter (where not is_cancellation) * 1000 as revenue, sum(total) filter (where customer_id is not null) * 1000 as monetary', 'lines'),
    ask('count(*) as rows, sum(revenue) * 1000 as revenue', 'revenue_by_day_country'),
    ask('count(*) as rows, sum(monetary) * 1000 as monetary', 'customer_features'),
  ]);
  const known = generated ? [{ what: 'lines: rows', expected: generated.admitted, found: lines['rows'] }, { what: 'quarantined', expected: generated.quarantined, found: accounts['quarantined'] }] : [];
  return [
    { what: 'records read', expected: records, found: accounts['read'] },
    ...known,
    { what: 'revenue_by_day_country: rows', expected: lines['groups'] ?? 0, found: days['rows'] },
    { what: 'revenue_by_day_country: revenue, thousandths', expected: lines['revenue'] ?? 0, found: days['revenue'] },
    { what: 'customer_features: rows', expected: lines['customers'] ?? 0, found: customers['rows'] },
    { what: 'customer_features: monetary, thousandths', expected: lines['monetary'] ?? 0, found: customers['monetary'] },
  ];
}
