import { grainFrom } from '../interval/interval';

/** What one interval of a source that is read in sequence took: pinned to it when it was published. */
export interface Take {
  /** Canonical start and end of the interval, a grain long. */
  readonly partition: string;
  readonly end: string;
  /** What is counted: FILES, or a column of ids as `schema.table.column`. */
  readonly source: string;
  /** The position before and after: how many files were taken since the beginning, or the greatest id; empty before the first. */
  readonly from: string;
  readonly to: string;
  /** Of files: the name of the last that was taken so far; empty for none. */
  readonly newest: string;
  /** Of files: how many were seen and left for the next interval. */
  readonly left: number;
  /** Whether something was left for the next interval. */
  readonly more: boolean;
}

/** Takes of files, and of objects of a bucket, are counted together. */
export const FILES = 'files';

/** The partitions that no interval of this very grain took, of those of a run. */
export function notTaken(partitions: readonly string[], grain: string, takes: readonly Take[]): string[] {
  const ends = new Map(takes.map(({ partition, end }) => [partition, end]));
  return partitions.filter((partition) => ends.get(partition) !== grainFrom(partition, grain).end);
}

type Position = Pick<Take, 'source' | 'to' | 'newest'>;

/** `142 files, the newest 2026-01-03.csv`, or `id 120000`. */
export function positionWords({ source, to, newest }: Position): string {
  if (source !== FILES) return to === '' ? `no ${columnOf(source)} yet` : `${columnOf(source)} ${to}`;
  if (to === '' || to === '0') return 'no file yet';
  return `${counted(Number(to))}${newest === '' ? '' : `, the newest ${newest}`}`;
}

/** What one interval took: `12 files`, `id above 100000 up to 120000`, `nothing new`. */
export function takeWords({ source, from, to }: Pick<Take, 'source' | 'from' | 'to'>): string {
  if (from === to) return 'nothing new';
  if (source === FILES) return counted(Number(to) - Number(from));
  return from === '' ? `${columnOf(source)} up to ${to}` : `${columnOf(source)} above ${from} up to ${to}`;
}

/** What waits for the next interval; empty where nothing does. */
export function leftWords({ source, left, more }: Pick<Take, 'source' | 'left' | 'more'>): string {
  if (!more) return '';
  if (source !== FILES) return 'more rows wait for the next interval';
  return `${counted(left)} ${left === 1 ? 'waits' : 'wait'} for the next interval`;
}

function counted(files: number): string {
  return files === 1 ? '1 file' : `${files} files`;
}

function columnOf(source: string): string {
  return source.slice(source.lastIndexOf('.') + 1);
}
