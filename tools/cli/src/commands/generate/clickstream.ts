import { CLICK_DEFAULTS, produceClicks } from '@weir/generate';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { clickWish, numberOf, type ClickWords } from '../../generate/click-wish';
import { sendTo, sentWords } from '../../generate/send';
import { action, colour, print, printJson } from '../../output';

interface Options extends ClickWords {
  readonly topic: string;
  readonly partitions: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  const { rate, duplicates, updates, deletes, disorder, disorderSeconds, late, bad, seed } = CLICK_DEFAULTS;
  parent
    .command('clickstream')
    .description('Send the clicks of a web site to a topic, as examples/clickstream reads them; the same seed, the same clicks.')
    .option('--rate <n>', `records a second; ${rate} by default`)
    .option('--seconds <n>', 'how long; 60 by default')
    .option('--count <n>', 'how many records, instead of --seconds')
    .option('--duplicates <share>', `records that repeat a click; ${duplicates} by default`)
    .option('--updates <share>', `records that are another version of a click; ${updates} by default`)
    .option('--deletes <share>', `records that take a click back; ${deletes} by default`)
    .option('--disorder <share>', `clicks and versions that come out of order; ${disorder} by default`)
    .option('--disorder-seconds <n>', `how far out of order at most; ${disorderSeconds} by default`)
    .option('--late <share>', `clicks that come hours late; ${late} by default`)
    .option('--bad <share>', `records that belong in quarantine; ${bad} by default`)
    .option('--seed <n>', `${seed} by default`)
    .option('--site <name>', 'the site that they are of; one of its own by default')
    .option('--topic <name>', 'the topic, which is made where it is not there', 'clicks')
    .option('--partitions <n>', 'of a topic that is made', '4')
    .option('--json', 'what was sent, as JSON')
    .addHelpText('after', '\nExamples:\n  weir generate clickstream\n  weir generate clickstream --rate 5000 --seconds 600 --bad 0.05\n\nCtrl-C ends it.')
    .action(action(clickstream));
}

async function clickstream({ topic, partitions, json = false, ...words }: Options): Promise<void> {
  const wanted = numberOf(partitions, 'partitions');
  // What cannot be is said before servers are started, and the first click is received when they are there.
  clickWish(words, Date.now());
  const platform = await platformState();
  const sent = await sendTo(platform, { topic, partitions: wanted }, json, async ({ target, ...sending }) => {
    const { options, count } = clickWish(words, Date.now());
    if (!json) print(`  site ${colour.strong(options.site)}, ${options.rate} records a second; Ctrl-C ends it`);
    return { options, ...(await produceClicks(target, options, count, sending)) };
  });
  if (json) printJson({ topic, ...sent });
  else print(`  ${sentWords(sent, topic, true)}`);
}
