import { setTimeout as pause } from 'node:timers/promises';
import { until } from '@weir/testkit';
import { useHouse } from '../house';
import { writeLogPipeline } from './log-definition';
import { livingItems } from './log-truth';
import { randomLogs, type LogEvent } from './random-log';
import { Streaming } from './streaming';

const SEED = Number(process.env['WEIR_E2E_SEED'] ?? 7);
const LOGS = 260;
const BATCH = 50;
const EVERY_MS = 100;

describe('a stream under faults', () => {
  const house = useHouse();
  let streaming: Streaming;
  beforeAll(async () => {
    streaming = await Streaming.open(house.platform);
  });
  afterEach(() => house.platform.healthy());

  /** Some 4,000 events into a topic of their own, with a stream behind them: 500 a second until `hurry` aborts, the rest of them at once. */
  async function begin(name: string, hurry: AbortSignal, consumers = 2): Promise<{ events: LogEvent[]; sending: Promise<void>; topic: string }> {
    const topic = name.replaceAll('_', '-');
    const events = randomLogs('sequence', LOGS, SEED);
    await streaming.topic(topic, 3);
    await streaming.apply(writeLogPipeline(house.scratch, { name, topic, kind: 'sequence', mode: 'realtime' }));
    await streaming.start(name, consumers);
    const sending = (async () => {
      const producer = streaming.kafka.producer({ idempotent: true, retry: { retries: 50, maxRetryTime: 1_000 } });
      await producer.connect();
      for (let from = 0; from < events.length; from += BATCH) {
        await producer.send({ topic, messages: events.slice(from, from + BATCH).map(({ message }) => message) });
        if (!hurry.aborted) await pause(EVERY_MS, undefined, { signal: hurry }).catch(() => undefined);
      }
      await producer.disconnect();
    })();
    await until(async () => [...(await streaming.positions(name)).values()].some((next) => next > 100), { timeoutMs: 60_000, what: `The first rows of ${name}` });
    return { events, sending, topic };
  }

  async function expectTruth(name: string, topic: string, events: readonly LogEvent[]): Promise<void> {
    await streaming.loaded(name, topic, 120_000);
    const { rows } = await house.platform.warehouse.query<{ line: string }>(`select concat_ws('|', id, seq, label, amount) as line from ${name}.items`);
    expect(rows.map(({ line }) => line).sort()).toEqual(livingItems('sequence', events).map(({ id, seq, label, amount }) => `${id}|${seq}|${label}|${(amount / 100).toFixed(2)}`).sort());
    const bad = events.filter(({ broken }) => broken !== undefined).length;
    const { rows: quarantine } = await house.platform.clients.quarantine.listRows({ pipeline: name, runId: '', limit: 1_000 });
    expect(quarantine.length).toBe(bad);
    expect(new Set(quarantine.map(({ file, line }) => `${file}:${line}`)).size).toBe(bad);
    // Every commit that a row names is in the ledger.
    const { rows: orphans } = await house.platform.warehouse.query(`select 1 from ${name}.items i where not exists (select from weir.ledger l where l.commit_id = i._weir_commit) limit 1`);
    expect(orphans).toEqual([]);
  }

  test.each([['ingest'], ['quality'], ['load'], ['kafka-1'], ['postgres'], ['orchestrator']])('kill -9 of %s: every event once, nothing lost', async (victim) => {
    const name = `faults_${victim.replace('-', '_')}`;
    const over = new AbortController();
    const { events, sending, topic } = await begin(name, over.signal);
    const before = house.platform.restarts(victim);
    house.platform.kill(victim);
    // Events come at the same pace before the fault, during it and until what was killed works again: then no more are needed to see what it did.
    await until(() => house.platform.restarts(victim) > before, { timeoutMs: 30_000, what: `Another ${victim}` });
    await house.platform.healthy();
    over.abort();
    await sending;
    await expectTruth(name, topic, events);
    await streaming.stop(name);
  });

  test('members that come and go: two, four, one', async () => {
    const name = 'faults_storm';
    const over = new AbortController();
    const { events, sending, topic } = await begin(name, over.signal);
    let sent = false;
    void sending.then(() => (sent = true));
    const handle = house.platform.temporal.workflow.getHandle(`stream/${name}`);
    for (const consumers of [4, 1, 3, 1]) {
      await handle.executeUpdate('scale', { args: [{ consumers }] });
      const from = await streaming.positions(name);
      await until(async () => [...(await streaming.positions(name))].some(([partition, next]) => next > (from.get(partition) ?? 0)) || sent, { timeoutMs: 30_000, what: `Progress with ${consumers} consumers` });
    }
    over.abort();
    await sending;
    await expectTruth(name, topic, events);
    await streaming.stop(name);
  });
});
