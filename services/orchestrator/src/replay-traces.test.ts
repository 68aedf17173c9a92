import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { BeginRunRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { Reservoir } from './testing/reservoir';
import { startRig } from './testing/rig';

/** Enough for a second execution. */
const DAYS = 42;

test('the traces of a replay are one for each execution, which links to the one before and to those of its runs', async () => {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(exporter);
  const provider = new NodeTracerProvider({ spanProcessors: [processor] });
  provider.register();
  const rig = await startRig(processor);
  try {
    const reservoir = new Reservoir(rig);
    for (let day = 0; day < DAYS; day += 1) reservoir.add(day, { landing: 1 });
    rig.far.script = reservoir.script();
    await (await reservoir.start()).result();
    const ofChain = () => exporter.getFinishedSpans().filter(({ name }) => name === 'RunWorkflow:quarantineReplay');
    await until(() => ofChain().length === 2, { timeoutMs: 5_000, what: 'The spans of both executions' });
    const own = ofChain().map((span) => span.spanContext().traceId);
    const runs = new Set(rig.far.requests<BeginRunRequest>('beginRun').map(({ traceId }) => traceId));
    expect(new Set(own).size).toBe(2);
    expect(runs.size).toBe(DAYS);
    const links = exporter.getFinishedSpans().filter((span) => own.includes(span.spanContext().traceId)).flatMap((span) => span.links);
    expect(links.length).toBe(DAYS + 1);
    expect(new Set(links.map(({ context }) => context.traceId))).toEqual(new Set([...runs, own[0]]));
  } finally {
    await rig.stop();
    await provider.shutdown();
  }
}, 180_000);
