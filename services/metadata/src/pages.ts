import type { LiveSegment } from '@weir/rpc';

/** Largest page of segments, bytes: a quarter of the largest message. */
export const PAGE_BYTES = 1024 * 1024;

/** Tags, lengths and numbers of one segment in a message. */
const OVERHEAD = 40;

/** Splits items into pages of at most PAGE_BYTES, by their sizes in a message; at least one page, which may be empty, and a page of its own for an item that is larger. */
export function* pagesOf<Item>(items: readonly Item[], sizeOf: (item: Item) => number): Generator<Item[]> {
  let page: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (page.length > 0 && bytes + size > PAGE_BYTES) {
      yield page;
      [page, bytes] = [[], 0];
    }
    page.push(item);
    bytes += size;
  }
  yield page;
}

/** Bytes of a segment in a message. One stays below PAGE_BYTES: 10,000 partitions are 220 KB. */
export function segmentBytes({ path, sha256, partitions, zoneMap }: LiveSegment): number {
  const ranges = zoneMap?.columns.reduce((sum, { column, type, low, high }) => sum + Buffer.byteLength(column + type + low + high) + OVERHEAD, 0) ?? 0;
  return partitions.reduce((sum, partition) => sum + Buffer.byteLength(partition) + 2, Buffer.byteLength(path) + sha256.length + OVERHEAD + ranges);
}
