/** The records of a log that a raw segment holds: [from, to) by offset. */
export interface LogSegmentName {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** The source of a raw segment of a log, padded so that names sort by partition and offset: `clicks:00003:00000000000000001234-00000000000000005678`. */
export function formatLogSegment({ topic, partition, from, to }: LogSegmentName): string {
  const offset = (of: number): string => String(of).padStart(20, '0');
  return `${topic}:${String(partition).padStart(5, '0')}:${offset(from)}-${offset(to)}`;
}

/** Undefined for what is no such name. */
export function parseLogSegment(source: string): LogSegmentName | undefined {
  const [, topic, partition, from, to] = /^([^:]+):(\d{1,10}):(\d{1,20})-(\d{1,20})$/.exec(source) ?? [];
  return topic === undefined ? undefined : { topic, partition: Number(partition), from: Number(from), to: Number(to) };
}
