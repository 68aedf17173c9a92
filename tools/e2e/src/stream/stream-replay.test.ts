import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@weir/testkit';
import { useHouse } from '../house';
import { writeLogPipeline } from './log-definition';
import { Streaming } from './streaming';

describe('quarantined records of a stream', () => {
  const house = useHouse();
  let streaming: Streaming;
  beforeAll(async () => {
    streaming = await Streaming.open(house.platform);
  });
  afterEach(() => house.platform.healthy());

  const record = (id: string, seq: number, amount: string) => ({ key: id, value: JSON.stringify({ id, seq, op: 'u', label: 'a', amount }), partition: 0 });

  async function items(name: string): Promise<string[]> {
    const { rows } = await house.platform.warehouse.query<{ line: string }>(`select concat_ws(' ', id, seq, amount) as line from ${name}.items`);
    return rows.map(({ line }) => line).sort();
  }

  async function states(name: string): Promise<string[]> {
    const { rows } = await house.platform.clients.quarantine.listRows({ pipeline: name, runId: '', limit: 1_000 });
    return rows.map(({ file, line, status }) => `${file}:${line} ${status}`).sort();
  }

  /** Takes the rule on amounts out of the contract. */
  function loosen(folder: string): void {
    const contract = join(folder, 'contract.odcs.yaml');
    writeFileSync(contract, readFileSync(contract, 'utf8').replace(/ {4}quality:\n.*\n/, '').replace('version: 1.0.0', 'version: 1.1.0'));
  }

  const replay = async (pipeline: string) => (await house.platform.temporal.workflow.start('quarantineReplay', { taskQueue: 'weir', workflowId: `replay/${pipeline}`, args: [{ pipeline, ratePerMinute: 6_000 }] })).result() as Promise<object>;

  const HOUR_MS = 3_600_000;
  const FIRST = Date.parse('2024-03-01T00:00:00Z');

  test('land once, and all of them, when quality is killed while they are replayed', async () => {
    const [name, topic, hours] = ['stream_replay_killed', 'stream-replay-killed', 8];
    await streaming.topic(topic, 1);
    const folder = writeLogPipeline(house.scratch, { name, topic, kind: 'sequence', mode: 'realtime' });
    await streaming.apply(folder);
    await streaming.start(name);
    // Each in a grain of its own, with a good one beside it.
    const messages = Array.from({ length: hours }, (_, hour) => [record(`good${hour}`, 1, '1.00'), record(`owed${hour}`, 1, '-1.00')].map((message) => ({ ...message, timestamp: String(FIRST + hour * HOUR_MS) }))).flat();
    await streaming.send(topic, messages);
    await streaming.loaded(name, topic);
    await streaming.followed(name, topic);
    loosen(folder);
    await streaming.apply(folder);
    const handle = await house.platform.temporal.workflow.start('quarantineReplay', { taskQueue: 'weir', workflowId: `replay/${name}`, args: [{ pipeline: name, ratePerMinute: 6_000 }] });
    await until(async () => (await handle.query<{ succeeded: number }>('progress')).succeeded > 0, { timeoutMs: 60_000, what: 'A grain that was replayed' });
    const before = house.platform.restarts('quality');
    house.platform.kill('quality');
    expect(await handle.result()).toMatchObject({ replayed: hours, openBefore: hours, openAfter: 0, grains: hours, succeeded: hours, failures: [] });
    expect(house.platform.restarts('quality')).toBe(before + 1);
    expect(await items(name)).toEqual(Array.from({ length: hours }, (_, hour) => [`good${hour} 1 1.00`, `owed${hour} 1 -1.00`]).flat().sort());
    expect(new Set((await states(name)).map((state) => state.split(' ')[1]))).toEqual(new Set(['replayed']));
    await house.platform.healthy();
    await streaming.stop(name);
  });

  test('land once when a corrected contract admits them, beside newer versions and what comes meanwhile', async () => {
    const [name, topic] = ['stream_replay', 'stream-replay'];
    await streaming.topic(topic, 1);
    const folder = writeLogPipeline(house.scratch, { name, topic, kind: 'sequence', mode: 'realtime' });
    await streaming.apply(folder);
    await streaming.start(name);
    // Offsets 1, 2 and 3 are refused.
    await streaming.send(topic, [record('a', 1, '5.00'), record('b', 1, '-5.00'), record('c', 1, 'x'), record('d', 1, '-1.00'), record('b', 2, '7.00')]);
    await streaming.loaded(name, topic);
    expect(await items(name)).toEqual(['a 1 5.00', 'b 2 7.00']);
    expect(await states(name)).toEqual([1, 2, 3].map((offset) => `${topic}:0:${offset} open`));

    loosen(folder);
    await streaming.apply(folder);
    const replaying = replay(name);
    await streaming.send(topic, [record('e', 1, '2.00')]);
    expect(await replaying).toMatchObject({ replayed: 2, openBefore: 3, openAfter: 1, grains: 1, succeeded: 1, waiting: 0, failures: [] });
    await streaming.loaded(name, topic);
    const after = ['a 1 5.00', 'b 2 7.00', 'd 1 -1.00', 'e 1 2.00'];
    await until(async () => (await items(name)).length === after.length, { timeoutMs: 30_000, what: 'The record that came meanwhile' });
    expect(await items(name)).toEqual(after);
    const settled = [`${topic}:0:1 replayed`, `${topic}:0:2 open`, `${topic}:0:3 replayed`];
    expect(await states(name)).toEqual(settled);
    expect(await replay(name)).toMatchObject({ grains: 0, runs: 0, replayed: 0 });
    // What the stream and its archive do afterwards leaves them where they are.
    await streaming.send(topic, [record('f', 1, '3.00')]);
    await streaming.followed(name, topic);
    expect(await items(name)).toEqual([...after, 'f 1 3.00']);
    expect(await states(name)).toEqual(settled);
    await streaming.stop(name);
  });
});
