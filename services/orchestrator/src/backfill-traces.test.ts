import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { WeirError } from '@weir/core';
import type { BeginRunRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { Range } from './testing/range';
import { startRig, type Rig } from './testing/rig';

describe('the traces of a backfill', () => {
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

  const traceOf = (span: ReadableSpan) => span.spanContext().traceId;

  it('are one for each run and one of its own, which links to all of them', async () => {
    const range = new Range(rig, 7);
    rig.far.script = range.script();
    const handle = await range.start({ parallelism: 3 });
    await handle.result();
    await until(() => exporter.getFinishedSpans().some(({ name }) => name === 'RunWorkflow:pipelineBackfill'), { timeoutMs: 5_000 });
    const spans = exporter.getFinishedSpans();

    const own = spans.filter(({ name }) => name === 'RunWorkflow:pipelineBackfill').map(traceOf);
    expect(own).toHaveLength(1);
    // Seven intervals and the delivery: what metadata stores with a run is the trace that all of it is in.
    const begun = rig.far.requests<BeginRunRequest>('beginRun');
    const runs = new Set(begun.map(({ traceId }) => traceId));
    expect(begun).toHaveLength(8);
    expect(runs.size).toBe(8);
    expect(runs).not.toContain(own[0]);
    expect(new Set(spans.map(traceOf))).toEqual(new Set([...runs, ...own]));
    for (const { traceId, runId } of begun) {
      const names = spans.filter((span) => traceOf(span) === traceId).map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['StartChildWorkflow:pipelineRun', 'RunWorkflow:pipelineRun', 'RunActivity:begin', 'RunActivity:finish']));
      const links = spans.flatMap((span) => (traceOf(span) === own[0] ? span.links : []));
      expect(links.find(({ context }) => context.traceId === traceId)?.attributes).toEqual({ 'weir.run.id': runId });
    }
  });

  it('have no span without its parent, and every run says which backfill it is of', () => {
    const spans = exporter.getFinishedSpans();
    const known = new Set(spans.map((span) => span.spanContext().spanId));
    const roots = spans.filter(({ parentSpanContext: parent }) => !parent || !known.has(parent.spanId));
    expect(roots.flatMap(({ parentSpanContext: parent }) => (parent ? [parent] : []))).toEqual([]);
    expect(roots.map(({ name }) => name).toSorted()).toEqual(['RunWorkflow:pipelineBackfill', ...Array.from({ length: 8 }, () => 'StartChildWorkflow:pipelineRun')]);
    const backfill = roots.find(({ name }) => name === 'RunWorkflow:pipelineBackfill')?.attributes['temporalWorkflowId'];
    const runs = spans.filter(({ name }) => name === 'RunWorkflow:pipelineRun');
    expect(new Set(runs.map(({ attributes }) => attributes['weir.backfill']))).toEqual(new Set([backfill]));
    // The span that starts a run is no part of the backfill's own run, and of no other.
    expect(roots.filter(({ name, attributes }) => name.startsWith('StartChild') && attributes['weir.run.id'])).toEqual([]);
  });

  it('stay small however long the backfill is: a start adds nothing to its own trace', () => {
    const spans = exporter.getFinishedSpans();
    const own = spans.find(({ name }) => name === 'RunWorkflow:pipelineBackfill');
    const names = spans.filter((span) => own && traceOf(span) === traceOf(own)).map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['RunWorkflow:pipelineBackfill', 'StartActivity:planBackfill', 'RunActivity:planBackfill', 'StartActivity:recordBackfill', 'RunActivity:recordBackfill']));
  });
});

/** Enough for a second execution. */
const DAYS = 450;

describe('the traces of a backfill that goes on in a new execution', () => {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(exporter);

  it('are one for each execution, each linked to the one before, and every run is linked from one of them', async () => {
    trace.disable();
    const provider = new NodeTracerProvider({ spanProcessors: [processor] });
    provider.register();
    const rig = await startRig(processor);
    try {
      const range = new Range(rig, DAYS);
      rig.far.script = range.script({ beginRun: () => Promise.reject(new WeirError({ code: 'SOURCE_MISSING', message: 'no file' })) });
      const handle = await range.start({ parallelism: 16 });
      await handle.result();
      const begun = new Set(rig.far.requests<BeginRunRequest>('beginRun').map(({ traceId }) => traceId));
      const { runId } = await rig.client.workflow.getHandle(handle.workflowId).describe();
      expect(runId).not.toBe(handle.firstExecutionRunId);
      const ofChain = () => exporter.getFinishedSpans().filter(({ name }) => name === 'RunWorkflow:pipelineBackfill');
      await until(() => ofChain().some(({ attributes }) => attributes['weir.run.id'] === runId), { timeoutMs: 5_000, what: 'the span of the last execution' });
      const spans = exporter.getFinishedSpans();
      // Where an event comes in while an execution hands over, Temporal has it do so again, and its span comes again.
      const own = [...new Set(ofChain().map((span) => span.spanContext().traceId))];
      expect(own).toHaveLength(new Set(ofChain().map(({ attributes }) => attributes['weir.run.id'])).size);
      const links = spans.filter((span) => own.includes(span.spanContext().traceId)).flatMap((span) => span.links);
      const linked = links.map(({ context }) => context.traceId);
      expect(begun.size).toBe(DAYS);
      expect(linked.length).toBe(DAYS + own.length - 1);
      expect(new Set(linked)).toEqual(new Set([...begun, ...own.slice(0, -1)]));
      for (const id of own) expect(spans.filter((span) => span.spanContext().traceId === id).length).toBeLessThan(300);
    } finally {
      await rig.stop();
      await provider.shutdown();
    }
  }, 180_000);
});
