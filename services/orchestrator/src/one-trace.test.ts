import { SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { WeirError } from '@weir/core';
import type { BeginRunRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { failureOf, startRig, type Rig } from './testing/rig';

const INPUT = { interval: { start: '2010-12-01', end: '2010-12-02' } };

describe('the trace of a run that the bare Temporal client started', () => {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(exporter);
  const provider = new NodeTracerProvider({ spanProcessors: [processor] });
  let rig: Rig;
  beforeAll(async () => {
    provider.register();
    rig = await startRig(processor);
  });
  afterAll(async () => {
    await rig.stop();
    await provider.shutdown();
  });
  beforeEach(() => {
    rig.far.reset();
    exporter.reset();
  });

  /** All spans once the workflow's own, the last to end, has arrived. */
  async function spans(): Promise<ReadableSpan[]> {
    await until(() => exporter.getFinishedSpans().some(({ name }) => name === 'RunWorkflow:pipelineRun'), { timeoutMs: 5_000 });
    return exporter.getFinishedSpans();
  }

  it('is one, from the workflow to the last activity and the refresh, and metadata knows its id', async () => {
    rig.far.script = { beginRun: () => Promise.resolve({ hasHistoryModels: true }) };
    await (await rig.start({ pipeline: rig.pipeline(), ...INPUT })).result();
    const all = await spans();
    const ids = new Set(all.map((span) => span.spanContext().traceId));
    expect(ids.size).toBe(1);
    expect(rig.far.requests<BeginRunRequest>('beginRun').map(({ traceId }) => traceId)).toEqual([...ids, ...ids]);
    const names = all.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['RunActivity:extract', 'RunActivity:load', 'SignalWithStartWorkflow:refresh', 'RunWorkflow:refresh', 'HandleSignal:refreshDone']));
    const known = new Set(all.map((span) => span.spanContext().spanId));
    expect(all.filter(({ parentSpanContext: parent }) => parent && !known.has(parent.spanId)).map(({ name }) => name)).toEqual([]);
    expect(all.filter(({ parentSpanContext: parent }) => !parent).map(({ name }) => name)).toEqual(['RunWorkflow:pipelineRun']);
  });

  it('marks the stage that failed with status, code and reasons, and describes every span of a stage', async () => {
    rig.far.script = { validate: () => Promise.reject(new WeirError({ code: 'FILE_TRUNCATED', message: 'a.csv ends early.', place: 'a.csv:17', samples: ['a.csv:17: 3 of 8 fields'] })) };
    const pipeline = rig.pipeline();
    const handle = await rig.start({ pipeline, ...INPUT });
    await failureOf(handle);
    const failed = (await spans()).find(({ name }) => name === 'RunActivity:validate');
    expect(failed?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'FILE_TRUNCATED: a.csv ends early.' });
    expect(failed?.attributes).toMatchObject({
      'weir.stage': 'validate',
      'weir.pipeline': pipeline,
      'weir.interval': '2010-12-01/2010-12-02',
      'weir.run.id': (await handle.describe()).runId,
      'weir.error.code': 'FILE_TRUNCATED',
      'weir.error.samples': ['a.csv:17: 3 of 8 fields'],
    });
  });

  it('has no spans of those who only ask for progress', async () => {
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await handle.result();
    await handle.query('progress');
    expect((await spans()).filter(({ name }) => name.startsWith('HandleQuery'))).toEqual([]);
  });
});
