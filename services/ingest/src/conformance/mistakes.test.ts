import { inspect } from 'node:util';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { WeirError } from '@weir/core';
import { Extracting } from './testing/extraction';
import { SOURCE_KINDS } from './testing/kinds';
import { rowsOfDay } from './testing/row';
import type { Mistake, OpenSource, Reading } from './testing/source-kind';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
/** Nothing is gained by waiting. */
const SOON_MS = 10_000;

beforeAll(() => provider.register());
afterAll(() => provider.shutdown());

describe.each(SOURCE_KINDS)('$name', ({ addressed, mistakes, open }) => {
  let source: OpenSource;
  let extracting: Extracting;
  beforeEach(async () => {
    exporter.reset();
    source = await open();
    extracting = await Extracting.open(source, addressed !== 'whole');
  });
  afterEach(async () => {
    await extracting?.close();
    await source?.close();
  });

  /** Of a run that a mistake ends: the error, which has no secret in it, and nor has a span. */
  async function failureOf(reading: Reading): Promise<WeirError> {
    const error = await extracting.failure({ reading });
    const told = inspect([error, exporter.getFinishedSpans()], { depth: 12, showHidden: true });
    for (const secret of [...Object.values(source.reading.secrets), ...Object.values(reading.secrets)]) expect(told).not.toContain(secret);
    expect(await extracting.filesIn('manifest')).toEqual([]);
    return error;
  }

  test.each(mistakes)('$what ends the run soon, and says where and what to do', async ({ change, error }: Mistake) => {
    const began = performance.now();
    const { code, place, fix, retry } = await failureOf(change(source.reading));
    expect({ code, place, fix }).toEqual({ code: error.code, place: matching(error.place), fix: matching(error.fix) });
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    // Topics are the exception: whoever waits for one may be there before it.
    expect(retry).toBe(code === 'TOPIC_MISSING' ? 'counted' : 'never');
  });

  test('what an operator keeps from it, and a host that nobody has, is refused before anything is asked', async () => {
    const { reading, proxy } = source;
    const [name] = Object.keys(reading.connections);
    if (name === undefined) return;
    const asked = proxy?.passed;
    const address = `${proxy?.host}:${proxy?.port}`;
    expect(await failureOf({ ...reading, allowed: [] })).toMatchObject({ code: 'EGRESS_DENIED', place: address, fix: expect.stringContaining('WEIR_EGRESS_ALLOW') });
    expect(await failureOf({ ...reading, secrets: {} })).toMatchObject({ code: 'SECRET_MISSING', place: expect.stringMatching(/^WEIR_SECRET_\w+$/), fix: expect.stringContaining('WEIR_SECRET_') });
    expect(await failureOf({ ...reading, connections: {} })).toMatchObject({ code: 'UNKNOWN_CONNECTION', message: expect.stringContaining(`\`${name}\``) });
    const [connection] = Object.values(reading.connections);
    if (!connection) throw new Error('The connection has settings.');
    expect(await failureOf({ ...reading, connections: { [name]: { ...connection, host: 'weir-nowhere.invalid' } } })).toMatchObject({ code: 'SOURCE_REFUSED', retry: 'never', place: 'weir-nowhere.invalid', fix: expect.stringContaining('`host`') });
    expect(proxy?.passed).toBe(asked);
  });

  test('a run that succeeds says no secret in any span', async () => {
    await source.put(rowsOfDay(0));
    await extracting.run();
    const told = inspect(exporter.getFinishedSpans(), { depth: 12, showHidden: true });
    for (const secret of Object.values(source.reading.secrets)) expect(told).not.toContain(secret);
  });
});

function matching(expected: string | RegExp): unknown {
  return typeof expected === 'string' ? expected : expect.stringMatching(expected);
}
