import { replayRetail } from '@weir/generate';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { numberOf } from '../../generate/click-wish';
import { assertDays, generatedDays } from '../../generate/retail-days';
import { sendTo, sentWords } from '../../generate/send';
import { action, print, printJson } from '../../output';

interface Options {
  readonly data?: string;
  readonly days: string;
  readonly speed?: string;
  readonly topic: string;
  readonly partitions: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('retail-realtime')
    .description('Replay daily files of retail lines into a topic in the order in which they happened, as examples/retail-realtime reads them.')
    .option('--data <folder>', 'the files, <yyyy-mm-dd>.csv; generated ones where it is not given')
    .option('--days <n>', 'days that are generated', '30')
    .option('--speed <n>', 'so many times faster than it happened; as fast as Kafka takes it by default')
    .option('--topic <name>', 'the topic, which is made where it is not there', 'retail_lines')
    .option('--partitions <n>', 'of a topic that is made', '4')
    .option('--json', 'what was sent, as JSON')
    .addHelpText('after', '\nExamples:\n  weir generate retail-realtime\n  weir generate retail-realtime --data ./online-retail --speed 86400\n\nCtrl-C ends it.')
    .action(action(retailRealtime));
}

async function retailRealtime({ data, days, speed, topic, partitions, json = false }: Options): Promise<void> {
  const wish = { days: numberOf(days, 'days'), partitions: numberOf(partitions, 'partitions'), speed: speed === undefined ? undefined : numberOf(speed, 'speed') };
  if (data !== undefined) assertDays(data);
  const platform = await platformState();
  const folder = data ?? (await generatedDays(platform.home, wish.days));
  const sent = await sendTo(platform, { topic, partitions: wish.partitions }, json, ({ target, ...sending }) => replayRetail(target, folder, { ...sending, speed: wish.speed }));
  if (json) printJson({ topic, folder, ...sent });
  else print(`  ${sentWords(sent, topic, wish.speed !== undefined)}`);
}
