import { formatInterval, grainFrom, type Definition, type FileSource, type Interval } from '@weir/core';
import type { SourceFinding } from '@weir/rpc';
import { right, wrong } from './finding';

/** Names that are shown. */
const SHOWN = 3;

/** What a source of files finds, whatever they lie in. */
export interface FoundFiles {
  /** `file` or `object`. */
  readonly noun: string;
  /** In their order, at least those that are shown. */
  readonly names: readonly string[];
  readonly count: number;
  /** Undefined where nobody asked. */
  readonly bytes: number | undefined;
  /** There are more than were counted. */
  readonly more: boolean;
  /** The grains without a file. */
  readonly empty: readonly string[];
  /** Grains that were looked at. */
  readonly grains: number;
  /** Path or key, for people. */
  readonly place: string;
}

/** What there is to read, and whether that is enough. */
export function foundFinding({ noun, names, count, bytes, more, empty, grains, place }: FoundFiles, { empty: allowed }: Pick<FileSource, 'empty'>, interval: Interval | undefined, { grain }: Pick<Definition, 'grain'>): SourceFinding {
  const of = interval ? `of ${formatInterval(interval)}` : 'that match';
  const first = names.slice(0, SHOWN).join(', ');
  const size = bytes === undefined ? '' : `, ${bytes.toLocaleString('en-US')} bytes`;
  const told = count === 0 ? `There is no ${noun} ${interval ? of : 'that matches'}.` : `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'} ${more ? 'and more ' : ''}${of}${size}: ${first}${count > SHOWN ? ', …' : ''}.`;
  const [hole] = empty;
  if (count > 0 && hole === undefined) return right('data', told, { place });
  const holes = hole === undefined || grain === undefined || count === 0 ? '' : ` ${empty.length} of ${grains} intervals ${empty.length === 1 ? 'has' : 'have'} no ${noun}, the first of them ${formatInterval(grainFrom(hole, grain))}.`;
  if (allowed === 'allow') return right('data', `${told}${holes}`, { place });
  return wrong('data', { code: 'SOURCE_MISSING', told: `${told}${holes}`, fix: `Check the path, or set \`source.empty: allow\` where intervals without a ${noun} are normal.`, place });
}

/** A path whose dates may be any. */
export function anyDate(path: string): string {
  return path.replaceAll('{date}', '????-??-??').replaceAll('{hour}', '????-??-??T??').replaceAll('{minute}', '????-??-??T??-??');
}
