import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@weir/testkit';
import { useHouse } from '../house';
import { writeLogPipeline } from './log-definition';
import { Streaming } from './streaming';

describe('rows of a stream that a table of the warehouse refuses', () => {
  const house = useHouse();
  let streaming: Streaming;
  beforeAll(async () => {
    streaming = await Streaming.open(house.platform);
  });

  const record = (id: string, seq: number, label: string) => ({ key: id, value: JSON.stringify({ id, seq, op: 'u', label, amount: '99.00' }), partition: 0 });

  async function items(name: string): Promise<string[]> {
    const { rows } = await house.platform.warehouse.query<{ line: string }>(`select concat_ws(' ', id, seq, label) as line from ${name}.items`);
    return rows.map(({ line }) => line).sort();
  }

  async function states(name: string): Promise<string[]> {
    const { rows } = await house.platform.clients.quarantine.listRows({ pipeline: name, runId: '', limit: 1_000 });
    return rows.map(({ file, line, status, stage, rules }) => `${stage} ${file}:${line} ${status} ${rules.join()}`).sort();
  }

  const replay = async (pipeline: string) => (await house.platform.temporal.workflow.start('quarantineReplay', { taskQueue: 'weir', workflowId: `replay/${pipeline}`, args: [{ pipeline, ratePerMinute: 6_000 }] })).result() as Promise<object>;

  test('are set aside while the stream goes on, and land when the constraint is gone, unless a newer version has their place', async () => {
    const [name, topic] = ['stream_refused', 'stream-refused'];
    await streaming.topic(topic, 1);
    await streaming.apply(writeLogPipeline(house.scratch, { name, topic, kind: 'sequence', mode: 'realtime' }));
    await streaming.start(name);
    await streaming.send(topic, [record('a', 1, 'good')]);
    await streaming.loaded(name, topic);
    await house.platform.warehouse.query(`alter table ${name}.items add constraint nice check (label <> 'ugly')`);
    // Offsets 1 to 3 are refused.
    await streaming.send(topic, [record('a', 2, 'ugly'), record('b', 1, 'ugly'), record('c', 1, 'ugly'), record('d', 1, 'good')]);
    await streaming.loaded(name, topic);
    expect(await items(name)).toEqual(['d 1 good']);
    const refused = [1, 2, 3].map((offset) => `load ${topic}:0:${offset} open destination:check:nice`);
    expect(await states(name)).toEqual(refused);
    await streaming.send(topic, [record('c', 2, 'good'), record('a', 1, 'late')]);
    await streaming.loaded(name, topic);
    expect(await items(name)).toEqual(['c 2 good', 'd 1 good']);

    await house.platform.warehouse.query(`alter table ${name}.items drop constraint nice`);
    expect(await replay(name)).toMatchObject({ replayed: 2, openBefore: 2, openAfter: 0, grains: 1, succeeded: 1, failures: [] });
    const after = ['a 2 ugly', 'b 1 ugly', 'c 2 good', 'd 1 good'];
    expect(await items(name)).toEqual(after);
    const settled = refused.map((state, at) => state.replace(' open ', at === 2 ? ' superseded ' : ' replayed '));
    expect(await states(name)).toEqual(settled);
    expect(await replay(name)).toMatchObject({ grains: 0, runs: 0, replayed: 0 });
    expect([await items(name), await states(name)]).toEqual([after, settled]);
    await streaming.stop(name);
  });

  test('are taken fewer at a time where they are many, until the breaker pauses the stream; resumed, it goes on from there', async () => {
    const [name, topic, count] = ['stream_refusing', 'stream-refusing', 700];
    await streaming.topic(topic, 1);
    const folder = writeLogPipeline(house.scratch, { name, topic, kind: 'sequence', mode: 'realtime' });
    const pipeline = join(folder, 'pipeline.yaml');
    writeFileSync(pipeline, readFileSync(pipeline, 'utf8').replace('failAbove: 90%', 'failAbove: 90%, minRows: 100'));
    await streaming.apply(folder);
    await streaming.start(name);
    await streaming.send(topic, [record('first', 1, 'good')]);
    await streaming.loaded(name, topic);
    await house.platform.warehouse.query(`alter table ${name}.items add constraint nice check (label <> 'ugly')`);
    await streaming.send(topic, Array.from({ length: count }, (_, at) => record(`u${at}`, 1, 'ugly')));
    const stream = house.platform.temporal.workflow.getHandle(`stream/${name}`);
    await until(async () => (await stream.query<{ state: string }>('progress')).state === 'paused', { timeoutMs: 60_000, what: 'A stream that its breaker has paused' });
    expect(await stream.query<object>('progress')).toMatchObject({ hand: { by: 'breaker', reason: expect.stringMatching(/records \(9\d(\.\d+)? %\) went to quarantine/) as unknown } });
    const refused = (await states(name)).length;
    // As many as one micro-batch may have, at the most.
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThanOrEqual(500);
    expect(await items(name)).toEqual(['first 1 good']);
    await house.platform.warehouse.query(`alter table ${name}.items drop constraint nice`);
    await stream.signal('resume', {});
    await streaming.loaded(name, topic);
    expect((await items(name)).length).toBe(1 + count - refused);
    expect((await states(name)).length).toBe(refused);
    await streaming.stop(name);
  });
});
