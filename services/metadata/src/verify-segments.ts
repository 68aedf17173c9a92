import { sideBySide } from '@weir/core';
import type { Lake, Segment } from '@weir/lake';
import { withoutSpans, withSpan } from '@weir/platform';

/** Files that are hashed at once: enough to hide their opening, few enough to leave the event loop to others. */
const CONCURRENT_READS = 8;

/** What says which content a file has. */
type Content = Pick<Segment, 'path' | 'sha256' | 'bytes'>;

/** Throws SEGMENT_CORRUPT unless every file is there with its size and hash. One span stands for thousands of small files. */
export async function verifySegments(lake: Lake, segments: readonly Content[], signal?: AbortSignal): Promise<void> {
  // Identical source files are one file in the lake: hash it once.
  const files = new Map(segments.map((segment) => [contentOf(segment), segment]));
  const bytes = [...files.values()].reduce((sum, segment) => sum + segment.bytes, 0);
  const verify = async (segment: Content): Promise<void> => {
    signal?.throwIfAborted();
    await lake.verify(segment);
  };
  await withSpan('verify segments', { 'weir.lake.files': files.size, 'weir.lake.bytes': bytes }, () => withoutSpans(() => sideBySide(files.values(), CONCURRENT_READS, verify)));
}

/** The same for the same content at the same place. */
export function contentOf({ path, sha256, bytes }: Content): string {
  return `${path} ${sha256} ${bytes}`;
}
