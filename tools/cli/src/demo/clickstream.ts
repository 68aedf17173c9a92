import { grainMs } from '@weir/core';
import { expectedClicks, openTopic, produceClicks, type ClickAccounts } from '@weir/generate';
import type { Clients } from '@weir/rpc';
import type { PlatformState } from '@weir/servers';
import { clickWish, type ClickWords } from '../generate/click-wish';
import { sentWords } from '../generate/send';
import { clickComparison, type ClickScope } from './click-comparison';
import { Ledger } from './ledger';
import { QuarantineTally } from './quarantine-tally';
import { runStreamDemo } from './stream-demo';

/** Of examples/clickstream. */
const TOPIC = 'clicks';
const GRAIN = '1h';
const PARTITIONS = 4;

/** Shows examples/clickstream at work on generated clicks. Throws INTERNAL where tables, accounts or quarantine are not what the generator knows. */
export async function clickstreamDemo(platform: PlatformState, clients: Clients, words: ClickWords): Promise<boolean> {
  const target = { brokers: platform.kafka, topic: TOPIC, partitions: PARTITIONS };
  const ledger = new Ledger(platform.warehouse);
  let scope: ClickScope = { site: '', since: 0 };
  let tally = new QuarantineTally(clients, 'clickstream', 0);
  let expected: ClickAccounts | undefined;
  try {
    return await runStreamDemo(platform, clients, {
      example: 'clickstream',
      prepare: async () => void (await openTopic(target)),
      send: async (signal) => {
        const { options, count } = clickWish(words, Date.now());
        scope = { site: options.site, since: options.startMs };
        tally = new QuarantineTally(clients, 'clickstream', options.startMs);
        const sent = await produceClicks(target, options, count, { signal });
        expected = expectedClicks(options, sent.records, grainMs(GRAIN));
        return sentWords(sent, TOPIC, true);
      },
      look: () => tally.look(),
      compare: async () => (expected ? clickComparison(ledger, tally, scope, expected) : []),
    });
  } finally {
    await ledger.close();
  }
}
