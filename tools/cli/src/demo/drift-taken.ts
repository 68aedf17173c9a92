import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { count } from '../output';
import type { Told } from './drift-day';
import { endComparisons } from './drift-run';
import { sumsOf } from './drift-sheet';
import type { DriftStage } from './drift-stage';
import { checkLines } from './drift-tables';

/** The day that had the column first. */
const DATE = '2010-12-02';
const LINES = 1_187;
/** As channelOf says. */
const CHANNELS = 'phone 20, shop 60, web 120';

const PROPERTY = '      - name: channel\n        physicalName: Channel\n        logicalType: string\n';
const AFTER_PROPERTIES = '    quality:\n      - name: quantity_positive_or_cancelled\n';
const HISTORY = `-- How many lines were sold where, over all days.
select channel, count(*) as lines
from bronze.order_lines
where channel is not null
group by channel
`;

/** The contract takes the column whose values were kept aside: models over history see them without another run, and a run from raw brings them into the lines of their day. */
export async function playTaken(stage: DriftStage): Promise<Told> {
  stage.title(`${DATE}  The contract takes the column that was new`);
  stage.say('the contract', ...PROPERTY.trimEnd().split('\n').map((line) => line.slice(6)));
  stage.say('the models', 'silver.lines has channel; gold.lines_by_channel counts lines by it, over history');
  await stage.folder.edit([
    { path: 'contract.odcs.yaml', from: AFTER_PROPERTIES, to: `${PROPERTY}${AFTER_PROPERTIES}` },
    { path: 'models/silver/lines.sql', from: '  country,\n', to: '  country,\n  channel,\n' },
    { path: 'pipeline.yaml', from: 'models:\n', to: 'models:\n  lines_by_channel: { key: [channel], over: history }\n' },
  ]);
  await stage.folder.add('models/gold/lines_by_channel.sql', HISTORY);
  await stage.apply();
  await deliverHistory(stage);
  return { date: DATE, change: 'the contract takes Channel', policy: '', rows: await runFromRaw(stage), outcome: 'lines have their channels' };
}

/** What was kept aside is seen as soon as the contract names it. */
async function deliverHistory(stage: DriftStage): Promise<void> {
  stage.check('delivery', endComparisons(await stage.run(undefined, 'delivery'), { accounts: '', rules: [] }));
  const { channels } = await stage.ledger.texts(`select string_agg(channel || ' ' || lines, ', ' order by channel) as channels from ${stage.name}.lines_by_channel`, []);
  stage.check('delivery', [{ what: 'lines by channel', expected: CHANNELS, found: channels }]);
  stage.say('the warehouse', `lines_by_channel: ${channels}; no day was read again for it`);
}

/** What the day's rows are is of the contract that judged them, so they are judged again: from what was read then. */
async function runFromRaw(stage: DriftStage): Promise<number> {
  await rm(join(stage.folder.data, `${DATE}.csv`));
  stage.say('the data', `${DATE}.csv is gone from where the shop left it`);
  stage.check(`${DATE} from raw`, endComparisons(await stage.run(DATE, 'raw'), { accounts: 'read 200 = admitted 200', rules: [] }));
  const rows = await checkLines(stage, { date: DATE, lines: LINES, sums: sumsOf(stage.day(DATE), () => true), fact: { what: 'lines with a channel', sql: 'channel is not null', expected: 200 } });
  const { channels } = await stage.ledger.texts(`select string_agg(channel || ' ' || lines, ', ' order by channel) as channels from (select channel, count(*) as lines from ${stage.name}.lines where channel is not null group by channel) c`, []);
  stage.check(`${DATE} from raw`, [{ what: 'channels of lines', expected: CHANNELS, found: channels }]);
  stage.say('the warehouse', `lines.channel: ${channels}; ${count(LINES - rows)} lines of other days have none`);
  return rows;
}
