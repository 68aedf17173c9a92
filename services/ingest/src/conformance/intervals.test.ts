import { Extracting } from './testing/extraction';
import { SOURCE_KINDS } from './testing/kinds';
import { day, rowsOfDay, sorted } from './testing/row';
import type { OpenSource } from './testing/source-kind';

describe.each(SOURCE_KINDS)('$name', ({ addressed, open }) => {
  let source: OpenSource;
  let extracting: Extracting;
  beforeEach(async () => {
    source = await open();
    extracting = await Extracting.open(source, addressed !== 'whole');
  });
  afterEach(async () => {
    await extracting?.close();
    await source?.close();
  });

  test('every value comes as it is: null, empty text, quotes, ends of lines, any language, 200 kB, lists of such', async () => {
    await source.put(rowsOfDay(0));
    expect(sorted(await extracting.rows(await extracting.run()))).toEqual(sorted(rowsOfDay(0)));
  });

  test('read twice, before and after its publish, it is the same files', async () => {
    await source.put(rowsOfDay(0));
    const first = await extracting.run();
    const { segments } = await extracting.listed(first);
    expect(segments.length).toBeGreaterThan(0);
    expect((await extracting.listed(await extracting.run({ runId: 'run-2' }))).segments).toEqual(segments);
    await extracting.publish(first);
    expect((await extracting.listed(await extracting.run({ runId: 'run-3' }))).segments).toEqual(segments);
  });

  test('without rows it lists its partitions all the same', async () => {
    const result = await extracting.run();
    const { dataset, partitions } = await extracting.listed(result);
    expect({ dataset, partitions }).toEqual({ dataset: 'raw.orders', partitions: [{ partition: addressed === 'whole' ? 'all' : day(0), rows: 0 }] });
    expect(await extracting.rows(result)).toEqual([]);
  });

  if (addressed === 'whole') {
    test('has what is there, each row once', async () => {
      for (const n of [0, 1, 2]) await source.put(rowsOfDay(n));
      expect(sorted(await extracting.rows(await extracting.run()))).toEqual(sorted([0, 1, 2].flatMap(rowsOfDay)));
    });
    return;
  }

  test('neighbouring intervals share no row and lose none, and nor does one over both', async () => {
    for (const n of [0, 1]) {
      await source.put(rowsOfDay(n));
      const result = await extracting.run({ from: n, to: n + 1 });
      expect(sorted(await extracting.rows(result))).toEqual(sorted(rowsOfDay(n)));
      await extracting.publish(result);
    }
    const both = await extracting.run({ from: 0, to: 2, runId: 'run-2' });
    expect(sorted(await extracting.rows(both))).toEqual(sorted([0, 1].flatMap(rowsOfDay)));
    const { partitions, segments } = await extracting.listed(both);
    expect(partitions.map(({ partition }) => partition)).toEqual([day(0), day(1)]);
    expect(new Set(segments.map(({ partitions: of }) => of.join()))).toEqual(new Set([day(0), day(1)]));
  });
});
