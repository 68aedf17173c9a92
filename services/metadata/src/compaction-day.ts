import type { CompactionDay } from '@weir/rpc';
import type { NamedSegment, PartitionVersion } from './live-segments';

/** Files are closed at about this size: large enough to be few, small enough to be read, copied and rewritten in seconds. */
export const FILE_BYTES = 128 * 1024 * 1024;

/** A whole file below this size is joined with others when the day is rewritten anyway. */
const SMALL_BYTES = FILE_BYTES / 2;

/** More files of one day are left for the next time: each is opened. */
export const MAX_FILES = 2_000;

/** A live partition of a day. */
export interface DayVersion extends PartitionVersion {
  readonly from_snapshot: number;
  /** It was published long enough ago. */
  readonly settled: boolean;
}

/** All live partitions of a day, in their order. */
export interface Day {
  /** YYYY-MM-DD; empty for a dataset without a grain. */
  readonly date: string;
  readonly versions: readonly DayVersion[];
}

/**
 * What is to be rewritten of a day, given the files of its partitions; undefined where it is in its shape: every settled partition in files that hold nothing but
 * live partitions of this day and say so by their path. What a rewrite gives is in its shape, so that a second one has nothing to do.
 */
export function planDay({ date, versions }: Day, files: readonly NamedSegment[]): CompactionDay | undefined {
  const byKey = new Map(files.map((file) => [keyOf(file.snapshot, file.ordinal), file]));
  const filesOf = ({ segments_of: snapshot, segments }: DayVersion): NamedSegment[] => segments.flatMap((ordinal) => byKey.get(keyOf(snapshot, ordinal)) ?? []);
  const open = versions.map((version) => ({ version, files: filesOf(version) })).filter((one) => one.version.settled || one.files.some(({ compacted }) => compacted));
  const known = new Set(open.flatMap((one) => one.files));
  if (date === '' && isLarge(known)) return undefined;
  const rewritten = new Set([...known].filter((file) => !isShaped(file)));
  if (rewritten.size === 0) return undefined;
  for (const file of known) if (file.bytes < SMALL_BYTES) rewritten.add(file);
  const taken = reaching(open, rewritten);
  return dayOf(date, taken);
}

interface OpenVersion {
  readonly version: DayVersion;
  readonly files: readonly NamedSegment[];
}

/** The partitions of some files; a partition moves as a whole, so that all its files come with it, and the partitions of those. */
function reaching(open: readonly OpenVersion[], from: ReadonlySet<NamedSegment>): OpenVersion[] {
  const files = new Set(from);
  for (let before = -1; before !== files.size; ) {
    before = files.size;
    for (const one of open) if (one.files.some((file) => files.has(file))) for (const file of one.files) files.add(file);
  }
  const taken: OpenVersion[] = [];
  const counted = new Set<NamedSegment>();
  for (const one of open) {
    if (!one.files.some((file) => files.has(file))) continue;
    const more = one.files.filter((file) => !counted.has(file));
    if (taken.length > 0 && counted.size + more.length > MAX_FILES) break;
    for (const file of more) counted.add(file);
    taken.push(one);
  }
  return taken;
}

function dayOf(date: string, taken: readonly OpenVersion[]): CompactionDay {
  const partitions = new Map<NamedSegment, string[]>();
  for (const { version, files } of taken) {
    for (const file of files) {
      const known = partitions.get(file);
      if (known) known.push(version.partition);
      else partitions.set(file, [version.partition]);
    }
  }
  return {
    date,
    partitions: taken.map(({ version }) => ({ partition: version.partition, fromSnapshot: version.from_snapshot, segmentsOf: version.segments_of, segments: [...version.segments] })),
    files: [...partitions].map(([file, held]) => ({ path: file.path, bytes: file.bytes, partitions: held, whole: held.length === file.held })),
  };
}

function isShaped({ compacted, whole }: NamedSegment): boolean {
  return compacted && whole;
}

/** Without days there is no path to be told by: only small files are worth the work. */
function isLarge(files: ReadonlySet<NamedSegment>): boolean {
  return [...files].filter(({ bytes, whole }) => bytes < SMALL_BYTES || !whole).length < 2;
}

function keyOf(snapshot: number, ordinal: number): string {
  return `${snapshot}:${ordinal}`;
}
