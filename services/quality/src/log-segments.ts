import { parseLogSegment, WeirError } from '@weir/core';
import type { Lake, Segment } from '@weir/lake';

/** A raw segment of a log: records of one grain of one partition of the log, by offset. */
export interface LogSegment {
  /** Number of the segment within the run, in reading order. */
  readonly file: number;
  /** Grain that its records belong to. */
  readonly partition: string;
  /** Topic and partition of the log, such as `clicks:3`. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly records: number;
}

/** Reads a manifest's segments by partition, then by place in the log, and verifies their hashes. Throws SEGMENT_CORRUPT for one that is not what its manifest says. */
export async function verifySegments(segments: readonly Segment[], lake: Lake, progress: (doneBytes: number) => void): Promise<LogSegment[]> {
  const found: LogSegment[] = [];
  let done = 0;
  for (const { segment, name, partition } of inReadingOrder(segments)) {
    await lake.verify(segment);
    done += segment.bytes;
    progress(done);
    found.push({ file: found.length, partition, name, path: lake.absolute(segment.path), records: segment.rows });
  }
  return found;
}

interface Placed {
  readonly segment: Segment;
  readonly partition: string;
  readonly name: string;
}

/** Sources are padded, so that their order is that of partitions and offsets: `clicks:00003:00000000000000001234-00000000000000005678`. */
function inReadingOrder(segments: readonly Segment[]): Placed[] {
  const placed = segments.map((segment) => {
    const named = parseLogSegment(segment.source ?? '');
    const [partition, other] = segment.partitions;
    if (!named || partition === undefined || other !== undefined) throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `The raw segment ${segment.path} is not of one partition of a log and one grain.` });
    return { segment, partition, name: `${named.topic}:${named.partition}`, key: `${partition}\n${segment.source}` };
  });
  return placed.sort((a, b) => (a.key < b.key ? -1 : 1));
}
