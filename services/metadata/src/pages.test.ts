import type { LiveSegment } from '@weir/rpc';
import { PAGE_BYTES, pagesOf, segmentBytes } from './pages';

/** About 1 KB each as text: forty partitions. */
function segments(count: number): LiveSegment[] {
  const partitions = Array.from({ length: 40 }, (_, n) => `2010-12-01T00:${String(n).padStart(2, '0')}:00Z`);
  return Array.from({ length: count }, (_, n) => ({ path: `silver/p/d/run/a-${n}.parquet`, sha256: '0'.repeat(64), bytes: 1, partitions, whole: true }));
}

describe('pagesOf', () => {
  test('gives one empty page for nothing', () => {
    expect([...pagesOf([], segmentBytes)]).toEqual([[]]);
  });

  test('keeps every item once, in order', () => {
    const items = segments(5_000);
    expect([...pagesOf(items, segmentBytes)].flat()).toEqual(items);
  });

  test('fills pages up to a megabyte and no further', () => {
    const pages = [...pagesOf(segments(5_000), segmentBytes)];
    const sizes = pages.map((page) => Buffer.byteLength(JSON.stringify(page)));
    // JSON is larger than the wire by its keys and quotes, so it bounds the message from above only roughly.
    for (const size of sizes) expect(size).toBeLessThan(PAGE_BYTES * 1.2);
    expect(pages.length).toBeLessThanOrEqual(6);
  });

  test('gives a page to an item that alone is larger', () => {
    const [small, large] = [segments(1), segments(1).map((segment) => ({ ...segment, path: 'x'.repeat(PAGE_BYTES) }))];
    expect([...pagesOf([...small, ...large, ...small], segmentBytes)]).toEqual([small, large, small]);
  });
});
