import { randomBytes } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { ConsumerProgress } from '@weir/orchestrator';
import { until } from '@weir/testkit';
import { openTemporal, query, update, type Temporal } from '../temporal';
import { readConsumers } from './consumers';
import { findStream, openStreams } from './find-stream';
import { assertRealtime, parseConsumers, startStream, untilConsuming } from './start';
import { streamSummaries } from './summaries';

const queue = `streams-${randomBytes(5).toString('hex')}`;
let connection: NativeConnection;
let worker: Worker;
let working: Promise<void>;
let temporal: Temporal;

const beat = (member: number): ConsumerProgress => ({ member, definitionVersion: 1, state: 'consuming', partitions: [member], lag: 10 + member, read: 100, admitted: 90, duplicate: 4, quarantined: 6, filtered: 0, batches: 3, rebalances: 1, recordsPerSecond: 50, latencyP50Ms: 10 + member, latencyP99Ms: 20 + member, newest: `2026-03-24T10:00:0${member}.000Z`, failures: 0 });

/** A consumer that consumes until it is cancelled. */
async function consume({ member }: { readonly member: number }): Promise<void> {
  const { heartbeat, cancelled } = Context.current();
  heartbeat(beat(member));
  const heart = setInterval(() => heartbeat(beat(member)), 500);
  await cancelled.finally(() => clearInterval(heart));
}

beforeAll(async () => {
  const address = process.env['WEIR_TEST_TEMPORAL'];
  if (!address) throw new Error('This test needs a real Temporal server: set WEIR_TEST_TEMPORAL=host:port. `npm test` at the root starts one and sets it.');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  connection = await NativeConnection.connect({ address });
  worker = await Worker.create({ connection, taskQueue: queue, workflowsPath: require.resolve('../testing/test-workflows'), activities: { consume }, maxHeartbeatThrottleInterval: 200 });
  working = worker.run();
  temporal = await openTemporal({ temporal: address, namespace: 'default', taskQueue: queue });
});
afterAll(async () => {
  await temporal.close();
  worker.shutdown();
  await working;
  await connection.close();
});

const stop = (workflowId: string): Promise<unknown> => update(temporal, { workflowId }, 'stop', {}).then(() => temporal.client.workflow.getHandle(workflowId).result());

describe('a stream that is started', () => {
  it('is waited for until all its consumers consume, is listed with what they do together, and is gone once it was stopped', async () => {
    const pipeline = `${queue}-two`;
    const started = await startStream(temporal, { pipeline, consumers: 2 });
    const consumers = await untilConsuming(temporal, started, (reason) => expect(reason).toBe(''));
    expect(consumers).toEqual([beat(0), beat(1)]);
    const found = await findStream(temporal, pipeline);
    expect(found).toEqual({ pipeline, workflowId: `stream/${pipeline}`, runId: started.runId });
    expect(await findStream(temporal, `stream/${pipeline}`)).toEqual(found);

    await until(async () => (await openStreams(temporal)).some((stream) => stream.pipeline === pipeline), { timeoutMs: 10_000, what: 'The stream in the list' });
    const summary = (await streamSummaries(temporal)).find((stream) => stream.pipeline === pipeline);
    expect(summary).toMatchObject({ progress: { state: 'running', consumers: { wanted: 2 } }, totals: { consuming: 2, lag: 21, recordsPerSecond: 100, latencyP50Ms: 11, latencyP99Ms: 21, read: 200, quarantined: 12, newest: '2026-03-24T10:00:01.000Z' } });

    await stop(started.workflowId);
    await expect(findStream(temporal, pipeline)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND', place: `stream/${pipeline}`, message: expect.stringContaining('has ended') as unknown });
    expect(await readConsumers(temporal, started)).toEqual({ open: false, consumers: [] });
  });

  it('is not started twice', async () => {
    const pipeline = `${queue}-once`;
    const { workflowId } = await startStream(temporal, { pipeline });
    await expect(startStream(temporal, { pipeline })).rejects.toMatchObject({ code: 'NOT_POSSIBLE', place: workflowId });
    await stop(workflowId);
  });

  it('is thrown as what put it to rest before it consumed', async () => {
    const input = { pipeline: `${queue}-rest`, fail: 'TOPIC_MISSING' };
    const stream = await startStream(temporal, input);
    await expect(untilConsuming(temporal, stream, () => undefined)).rejects.toMatchObject({ code: 'TOPIC_MISSING', place: 'clicks', message: 'The topic clicks is not there.' });
    await stop(stream.workflowId);
    await expect(untilConsuming(temporal, stream, () => undefined)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('refuses what its state does not allow with its own error', async () => {
    const stream = await startStream(temporal, { pipeline: `${queue}-hand` });
    const { workflowId } = stream;
    await expect(update(temporal, { workflowId }, 'resume', {})).rejects.toMatchObject({ code: 'NOT_POSSIBLE' });
    await update(temporal, { workflowId }, 'pause', { by: 'ada', reason: 'move' });
    expect(await query(temporal, { workflowId }, 'progress')).toMatchObject({ state: 'paused', hand: { by: 'ada', reason: 'move' } });
    await expect(untilConsuming(temporal, stream, () => undefined)).rejects.toMatchObject({ code: 'NOT_POSSIBLE', fix: expect.stringContaining('weir streams resume') as unknown });
    await stop(workflowId);
  });
});

describe('before anything is started', () => {
  it('a pipeline that is not realtime is refused, and so is a number of consumers that cannot be', () => {
    expect(() => assertRealtime({ name: 'retail', mode: 'batch' })).toThrow('retail is of mode batch, so it has no stream.');
    expect(() => assertRealtime({ name: 'clicks', mode: 'realtime' })).not.toThrow();
    expect(parseConsumers('64')).toBe(64);
    for (const text of ['0', '65', '-1', '1.5', 'two', '']) expect(() => parseConsumers(text)).toThrow('is not a number of consumers');
  });

  it('a stream that never was is not found', async () => {
    await expect(findStream(temporal, `${queue}-never`)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND', message: expect.stringContaining('No stream of') as unknown, fix: expect.stringContaining('weir streams start') as unknown });
  });
});
