import type { FoundFile } from '@weir/connectors';
import type { TakenFile } from '@weir/rpc';

/** What of a folder an interval may take. */
export interface NewFiles {
  /** Oldest first, those of one time by name. */
  readonly files: readonly FoundFile[];
  /** How many more there are: too many for one interval, or too young. */
  readonly left: number;
}

export interface FileBounds {
  readonly files: number;
  /** One file is taken even if it alone has more. */
  readonly bytes: number;
  /** Files that were written within this time may be written still. */
  readonly settleMs: number;
}

/** Gives those of some names that were taken, as they were taken last. */
type KnownFiles = (names: readonly string[]) => Promise<readonly TakenFile[]>;

/**
 * Finds what was not taken as it is now, in pages of a list, at `now` (milliseconds since 1970). A file whose size or stamp is another than when it was taken is given, too: whether its content is new shows when it is read.
 * Memory holds a page, and twice as many files as an interval takes.
 */
export async function findNewFiles(pages: AsyncIterable<readonly FoundFile[]>, known: KnownFiles, { files: most, bytes: mostBytes, settleMs }: FileBounds, now: number): Promise<NewFiles> {
  let oldest: FoundFile[] = [];
  let left = 0;
  for await (const page of pages) {
    const taken = new Map((await knownOf(page, known)).map((file) => [file.name, file]));
    const fresh = page.filter(({ name, bytes, stamp }) => taken.get(name)?.bytes !== bytes || taken.get(name)?.stamp !== stamp);
    // A time of the future says nothing of when it was written.
    const settled = fresh.filter(({ modifiedMs }) => Math.abs(now - modifiedMs) >= settleMs);
    left += fresh.length - settled.length;
    oldest.push(...settled);
    if (oldest.length < 2 * most) continue;
    left += oldest.length - most;
    oldest = oldest.sort(byAge).slice(0, most);
  }
  const files: FoundFile[] = [];
  let bytes = 0;
  for (const file of oldest.sort(byAge)) {
    bytes += file.bytes;
    if (files.length === most || (files.length > 0 && bytes > mostBytes)) break;
    files.push(file);
  }
  return { files, left: left + oldest.length - files.length };
}

function byAge(one: FoundFile, other: FoundFile): number {
  return one.modifiedMs - other.modifiedMs || (one.name < other.name ? -1 : 1);
}

/** A question is one message of at most a megabyte and its answer one of two. */
const QUESTION_BYTES = 1024 * 1024;

async function knownOf(page: readonly FoundFile[], known: KnownFiles): Promise<readonly TakenFile[]> {
  const answers: TakenFile[] = [];
  let names: string[] = [];
  let bytes = 0;
  const ask = async (): Promise<void> => {
    if (names.length > 0) answers.push(...(await known(names)));
    [names, bytes] = [[], 0];
  };
  for (const { name } of page) {
    const size = Buffer.byteLength(name);
    if (bytes + size > QUESTION_BYTES) await ask();
    names.push(name);
    bytes += size;
  }
  await ask();
  return answers;
}
