import { toWeirError } from '@weir/core';
import { type TransferFault, type TransferProxy, until } from '@weir/testkit';
import { Extracting } from './testing/extraction';
import { SOURCE_KINDS } from './testing/kinds';
import { rowsOfDay } from './testing/row';
import type { OpenSource, SourceKind } from './testing/source-kind';

/** Kinds whose rows come over a connection. */
const TRANSFERRED = SOURCE_KINDS.filter(({ spoilt }) => Object.keys(spoilt).length > 0);

/** What an undisturbed run lists, and how many bytes its answers took. */
interface Undisturbed {
  readonly segments: Awaited<ReturnType<Extracting['listed']>>['segments'];
  readonly bytes: number;
}

describe.each(TRANSFERRED)('$name', ({ addressed, spoilt, open }) => {
  let source: OpenSource;
  let proxy: TransferProxy;
  let extracting: Extracting;
  let whole: Undisturbed;
  beforeEach(async () => {
    source = await open();
    if (!source.proxy) throw new Error('What comes over a connection comes through a proxy.');
    proxy = source.proxy;
    await source.put(rowsOfDay(0));
    const before = await Extracting.open(source, addressed !== 'whole');
    try {
      const { segments } = await before.listed(await before.run());
      whole = { segments, bytes: proxy.passed };
    } finally {
      await before.close();
    }
    extracting = await Extracting.open(source, addressed !== 'whole');
  });
  afterEach(async () => {
    await extracting?.close();
    await source?.close();
  });

  /** In the midst of the rows: what comes before them is small. */
  const middle = (): number => Math.floor(whole.bytes * 0.6);

  async function expectNothingHalf(): Promise<void> {
    expect(await extracting.filesIn('manifest')).toEqual([]);
    const hashes = whole.segments.map(({ sha256 }) => sha256);
    expect((await extracting.filesIn('raw')).filter((name) => !hashes.some((hash) => name.includes(hash)))).toEqual([]);
    expect((await extracting.filesIn('tmp')).filter((name) => !name.endsWith('.ndjson'))).toEqual([]);
  }

  test.each(Object.entries(spoilt) as [TransferFault, NonNullable<SourceKind['spoilt'][TransferFault]>][])('a transfer with a fault in its middle (%s) %s, and is never taken for whole', async (fault, outcome) => {
    proxy.spoil(fault, { after: middle() });
    const first = await extracting.run().catch(toWeirError);
    expect(proxy.faults).toBe(1);
    if (outcome === 'is tried again') {
      expect(first).toMatchObject({ code: 'UNAVAILABLE', retry: 'transient' });
      await expectNothingHalf();
    }
    const again = outcome === 'is tried again' ? await extracting.run() : await extracting.run({ runId: 'run-2' });
    expect((await extracting.listed(again)).segments).toEqual(whole.segments);
    if (!('code' in first)) expect((await extracting.listed(first)).segments).toEqual(whole.segments);
  });

  test('an attempt that stands still holds up no other one, and ends at once when its time is up, with nothing half', async () => {
    proxy.spoil('stall', { after: middle() });
    const stop = new AbortController();
    const hanging = extracting.run({ signal: stop.signal }).catch(toWeirError);
    await until(() => proxy.faults === 1, { timeoutMs: 10_000, what: 'The fault' });
    const other = await Extracting.open(source, addressed !== 'whole');
    try {
      expect((await other.listed(await other.run())).segments).toEqual(whole.segments);
    } finally {
      await other.close();
    }
    const stopped = performance.now();
    stop.abort();
    expect(await hanging).toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - stopped).toBeLessThan(5_000);
    await expectNothingHalf();
  });
});
