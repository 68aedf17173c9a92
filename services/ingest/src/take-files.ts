import type { FoundFile } from '@weir/connectors';
import { FILES, formatInterval, grainFrom, isWeirError, WeirError, type Take } from '@weir/core';
import type { Segment } from '@weir/lake';
import type { TakenFile } from '@weir/rpc';
import type { ExtractCall } from './extract';
import type { ExtractedFiles } from './extract-parts';
import { findNewFiles, type FileBounds, type NewFiles } from './find-new-files';
import type { Metadata } from './metadata';
import { storeMany } from './store-many';
import type { Standing } from './take-standing';

/** A folder or a bucket, as taking needs it. */
export interface FileStore {
  /** For people, such as a path with *. */
  readonly place: string;
  /** What an interval without a new file is. */
  readonly empty: 'allow' | 'error';
  list(signal: AbortSignal): AsyncIterable<readonly FoundFile[]>;
  /** Brings a file into the raw zone. Throws SOURCE_MISSING when it is gone. */
  store(file: Pick<FoundFile, 'name' | 'bytes'>, partition: string, signal: AbortSignal): Promise<Segment>;
}

/** A file that was found, and what came of it: undefined when it was gone. */
interface Stored {
  readonly found: FoundFile;
  readonly segment: Segment | undefined;
}

/** What taking files takes. */
export interface TakeDependencies extends Pick<Metadata, 'takenFiles'> {
  readonly bounds: FileBounds;
}

/**
 * Files of the intervals of a run: exactly those that an interval took before, and, for the last of those that took nothing, what is new. Throws SOURCE_MISSING when a file that was taken is gone or has other content now, and when nothing
 * is new and that is an error; what the store throws, and CANCELLED.
 */
export async function takeFiles(deps: TakeDependencies, store: FileStore, standing: Standing, call: ExtractCall): Promise<ExtractedFiles> {
  const again = await storeTaken(store, standing, call);
  const { partitions, untaken, takes } = standing;
  const partition = untaken.at(-1);
  if (partition === undefined) return { partitions, segments: again, take: asBefore(takes.at(-1)) };
  call.report({ step: 'list files', done: 0, total: 0 });
  const known = (names: readonly string[]): Promise<readonly TakenFile[]> => deps.takenFiles(standing.pipeline, names, call.signal);
  const found = await findNewFiles(store.list(call.signal), known, deps.bounds, Date.now());
  const report = (done: number): void => call.report({ step: 'copy files', done, total: found.files.length });
  const stored = await storeMany(found.files, async (file, either): Promise<Stored> => ({ found: file, segment: await orGone(store.store(file, partition, either)) }), call.signal, report);
  const taken = await changedOf(stored, known);
  if (taken.length === 0 && store.empty === 'error') throw new WeirError({ code: 'SOURCE_MISSING', message: `Nothing new matches ${store.place}.`, place: store.place });
  const fresh = taken.flatMap(({ segment }) => segment ?? []);
  const stamps = stored.flatMap(({ found: { name, stamp }, segment }) => (segment ? [[name, stamp] as const] : []));
  const made = takesOf(standing, found, fresh);
  return { partitions, segments: [...again, ...fresh], taking: { last: standing.last?.partition ?? '', takes: made, stamps }, take: made.at(-1) };
}

/** What was left for a later interval then, one has by now. */
function asBefore(take: Take | undefined): Take | undefined {
  return take && { ...take, left: 0, more: false };
}

/** A file that was moved on before it was read was never of this source. */
async function orGone(storing: Promise<Segment>): Promise<Segment | undefined> {
  return storing.catch((error: unknown) => {
    if (isWeirError(error) && error.code === 'SOURCE_MISSING') return undefined;
    throw error;
  });
}

/** Those whose content is another than when they were taken; the others were touched, no more. */
async function changedOf(stored: readonly Stored[], known: (names: readonly string[]) => Promise<readonly TakenFile[]>): Promise<Stored[]> {
  const changed: Stored[] = [];
  for (let from = 0; from < stored.length; from += NAMES) {
    const page = stored.slice(from, from + NAMES);
    const before = new Map((await known(page.map(({ found }) => found.name))).map(({ name, sha256 }) => [name, sha256]));
    changed.push(...page.filter(({ found, segment }) => segment && segment.sha256 !== before.get(found.name)));
  }
  return changed;
}

/** Names in a question. */
const NAMES = 200;

function takesOf({ untaken, grain, position }: Standing, { left }: NewFiles, fresh: readonly Segment[]): Take[] {
  const before = { source: FILES, from: position?.to ?? '', newest: position?.newest ?? '' };
  return untaken.map((partition, at): Take => {
    const { end } = grainFrom(partition, grain);
    if (at < untaken.length - 1) return { ...before, partition, end, to: before.from, left: 0, more: false };
    return { ...before, partition, end, to: fresh.length > 0 ? String(Number(before.from) + fresh.length) : before.from, newest: fresh.at(-1)?.source ?? before.newest, left, more: left > 0 };
  });
}

/** The files that intervals of the run took, again. */
async function storeTaken(store: FileStore, standing: Standing, { signal, report }: ExtractCall): Promise<Segment[]> {
  const { grain, files } = standing;
  assertRemembered(store, standing);
  const again = async (file: TakenFile, either: AbortSignal): Promise<Segment> => {
    const segment = await orGone(store.store(file, file.partition, either));
    if (segment?.sha256 === file.sha256) return segment;
    const interval = formatInterval(grainFrom(file.partition, grain));
    throw new WeirError({
      code: 'SOURCE_MISSING',
      message: `${interval} took ${file.name}, ${segment ? 'which has other content now' : 'which is gone'}: ${store.place}.`,
      place: file.name,
      fix: `Run ${interval} with \`--from raw\`, or bring the file back as it was.`,
    });
  };
  return storeMany(files, again, signal, (done) => report({ step: 'copy files', done, total: files.length }));
}

/** The catalog forgets files that the source has not had for long. Throws SOURCE_MISSING for an interval that took one: what is left is not what it took. */
function assertRemembered({ place }: FileStore, { grain, untaken, takes, files }: Standing): void {
  for (const { partition, from, to } of takes.filter((take) => !untaken.includes(take.partition))) {
    const [taken, known] = [Number(to) - Number(from), files.filter((file) => file.partition === partition).length];
    if (known >= taken) continue;
    const interval = formatInterval(grainFrom(partition, grain));
    throw new WeirError({
      code: 'SOURCE_MISSING',
      message: `${interval} took ${taken} files, of which ${known} are remembered; the others have been gone for too long: ${place}.`,
      place,
      fix: `Run ${interval} with \`--from raw\`, as long as raw is kept.`,
    });
  }
}
