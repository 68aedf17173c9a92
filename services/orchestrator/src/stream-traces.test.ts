import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-node';
import type { BeginRunRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { Brook, archiveOf } from './testing/brook';
import { startRig } from './testing/rig';

describe('the traces of a stream', () => {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(exporter);

  const traceOf = (span: ReadableSpan) => span.spanContext().traceId;

  it('are one of the stream, one of its archive, which looks leave small, and one of each run', async () => {
    const provider = new NodeTracerProvider({ spanProcessors: [processor] });
    provider.register();
    const rig = await startRig(processor);
    const brook = new Brook(rig);
    rig.far.script = brook.script();
    try {
      const handle = await brook.start();
      for (const runs of [1, 2]) {
        brook.waiting = [{ partition: 0, from: runs, to: runs + 1, greatestBeforeFrom: 0, greatestBeforeTo: 1 }];
        await until(async () => (await archiveOf(brook.archive())).runs === runs, { timeoutMs: 10_000, what: `run ${runs}` });
      }
      const looks = rig.far.requests('planArchive').length;
      await until(() => rig.far.requests('planArchive').length >= looks + 3, { timeoutMs: 10_000, what: 'looks that find nothing' });
      await handle.executeUpdate('stop');
      await handle.result();
      await until(() => exporter.getFinishedSpans().some(({ name }) => name === 'RunWorkflow:pipelineStream'), { timeoutMs: 5_000 });
      const spans = exporter.getFinishedSpans();

      // The test's own update is in nobody's trace.
      const roots = spans.filter(({ name, parentSpanContext: parent }) => !parent && !name.endsWith('Update:stop'));
      expect(roots.map(({ name }) => name).toSorted()).toEqual(['RunWorkflow:pipelineStream', 'StartChildWorkflow:pipelineRun', 'StartChildWorkflow:pipelineRun', 'StartChildWorkflow:streamArchive']);
      expect(new Set(roots.map(traceOf)).size).toBe(4);
      const known = new Set(spans.map((span) => span.spanContext().spanId));
      expect(spans.filter(({ parentSpanContext: parent }) => parent && !known.has(parent.spanId))).toEqual([]);
      expect(rig.far.requests<BeginRunRequest>('beginRun').map(({ traceId }) => traceId)).toEqual(roots.filter(({ name }) => name === 'StartChildWorkflow:pipelineRun').map(traceOf));
      for (const { attributes } of roots) expect(attributes).toMatchObject({ 'weir.pipeline': brook.pipeline, 'weir.backfill': undefined });

      const consume = spans.find(({ name }) => name === 'RunActivity:consume');
      expect(consume && traceOf(consume)).toBe(traceOf(roots.find(({ name }) => name === 'RunWorkflow:pipelineStream') as ReadableSpan));
      expect(consume?.attributes).toMatchObject({ 'weir.stage': 'consume', 'weir.pipeline': brook.pipeline, 'weir.run.id': (await handle.describe()).runId });
    } finally {
      await brook.end();
      await rig.stop();
      await provider.shutdown();
    }
  });
});
