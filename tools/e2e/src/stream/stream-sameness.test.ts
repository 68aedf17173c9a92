import { useHouse } from '../house';
import { writeLogPipeline } from './log-definition';
import { labelTotals, livingItems } from './log-truth';
import { randomLogs, type LogKind } from './random-log';
import { Streaming } from './streaming';

const DAY = { start: '2026-03-01', end: '2026-03-02' };
const SEED = Number(process.env['WEIR_E2E_SEED'] ?? 1);

/** Random logs of each kind; 201 in all. */
const LOGS = 67;

describe('batch and stream', () => {
  const house = useHouse();
  let streaming: Streaming;
  beforeAll(async () => {
    streaming = await Streaming.open(house.platform);
  });

  const rows = async (query: string): Promise<string[]> => {
    const { rows: found } = await house.platform.warehouse.query<{ line: string }>(`select concat_ws('|', ${query.replace(' from ', ') as line from ')}`);
    return found.map(({ line }) => line).sort();
  };

  /** Everything that a pipeline made, without what Weir adds, and what it set aside. */
  async function outcome(name: string): Promise<Record<string, string[]>> {
    const { rows: quarantine } = await house.platform.clients.quarantine.listRows({ pipeline: name, runId: '', limit: 1_000 });
    return {
      items: await rows(`id, seq, label, amount from ${name}.items`),
      cheapItems: await rows(`id, seq, cents, level from ${name}.cheap_items`),
      labelsInInterval: await rows(`label, newest, items, amount from ${name}.labels_in_interval`),
      labels: await rows(`label, items, amount from ${name}.labels`),
      quarantine: quarantine.map(({ file, line, rules, original }) => `${file}:${line} ${rules.join()} ${original.toString()}`).sort(),
    };
  }

  test.each<[LogKind]>([['sequence'], ['arrival'], ['keyless']])('give the same tables and the same quarantine of random logs, order: %s', async (kind) => {
    const [topic, live, batch] = [`same-${kind}`, `same_${kind}_live`, `same_${kind}_batch`];
    const events = randomLogs(kind, LOGS, SEED);
    await streaming.topic(topic, 3);
    await streaming.apply(writeLogPipeline(house.scratch, { name: live, topic, kind, mode: 'realtime' }));
    await streaming.start(live);
    const messages = events.map(({ message }) => message);
    // In two parts, so that the stream has loaded some of it before the rest is there.
    await streaming.send(topic, messages.slice(0, messages.length / 2));
    await streaming.loaded(live, topic);
    await streaming.send(topic, messages.slice(messages.length / 2));
    await streaming.loaded(live, topic);
    await streaming.followed(live, topic);

    await streaming.apply(writeLogPipeline(house.scratch, { name: batch, topic, kind, mode: 'batch' }));
    await house.platform.run(batch, DAY);
    const found = await outcome(live);
    expect(found).toEqual(await outcome(batch));

    const living = livingItems(kind, events);
    expect(found['items']).toEqual(living.map(({ id, seq, label, amount }) => `${id}|${seq}|${label}|${(amount / 100).toFixed(2)}`).sort());
    expect(found['cheapItems']).toEqual(living.filter(({ amount }) => amount < 5_000).map(({ id, seq, amount }) => `${id}|${seq}|${amount}|low`).sort());
    expect(found['labels']).toEqual(labelTotals(living));
    const set = new Set(events.filter(({ broken }) => broken !== undefined).map(({ message }) => String(message.value)));
    expect(new Set((found['quarantine'] ?? []).map((line) => line.slice(line.indexOf('{'))))).toEqual(set);

    // The archive gives them again, and leaves what is right as it is.
    const workflow = await house.platform.temporal.workflow.start('pipelineRun', { taskQueue: 'weir', workflowId: `run/${live}/raw`, args: [{ pipeline: live, interval: DAY, from: 'raw' }] });
    await workflow.result();
    expect(await outcome(live)).toEqual(found);
    await streaming.stop(live);
  });
});
