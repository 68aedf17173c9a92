import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { orAborted, WeirError } from '@weir/core';
import { mapFileError } from './durable';
import { Gate } from './gate';
import type { Hold } from './store';

/** Files that come from the store at a time. */
const CONCURRENT_FETCHES = 8;

/** Brings one file whole and verified, or throws. Calls `expect` with its size before the first byte is written. */
export type Fetch = (path: string, to: string, expect: (bytes: number) => void, signal: AbortSignal) => Promise<void>;

/** A file that is here, or on its way. */
interface Entry {
  /** 0 until the store has said it. */
  bytes: number;
  /** Readers that hold it. */
  pins: number;
  isHere: boolean;
  arrived: Promise<void>;
  readonly arriving: AbortController;
}

/**
 * Copies of files of the lake on this machine, in the places that their paths have below a folder: verified as they come, no more than a limit of bytes; those that were read longest ago go first, and files that readers
 * hold stay. Files are moved and removed at one blow, so that nobody finds a place half done.
 */
export class FileCache {
  /** In the order in which they were last held. */
  private readonly entries = new Map<string, Entry>();
  private readonly fetches = new Gate(CONCURRENT_FETCHES);
  private used = 0;

  /** `absolute` gives the place of a path; `temporary` is a folder on the same file system, which is there. */
  constructor(
    private readonly places: { readonly root: string; readonly temporary: string; readonly absolute: (path: string) => string },
    private readonly maxBytes: number,
    private readonly fetch: Fetch,
  ) {}

  /** Bytes of the files that are here or on their way. */
  get bytes(): number {
    return this.used;
  }

  hold(): Hold {
    const held = new Map<string, Entry>();
    const take = async (paths: readonly string[], signal?: AbortSignal): Promise<void> => {
      const wanted = [...new Set(paths)].filter((path) => !held.has(path)).map((path) => [path, this.pin(path)] as const);
      for (const [path, entry] of wanted) held.set(path, entry);
      // All of them end before anybody is told, so that no failure goes unheard.
      const results = await Promise.allSettled(wanted.map(([path, { arrived }]) => (signal ? orAborted(arrived, signal, () => new WeirError({ code: 'CANCELLED', message: `Cancelled while ${path} was on its way.` })) : arrived)));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason instanceof NoRoom ? this.tooLittle(failed.reason, [...held.values()]) : failed.reason;
    };
    const release = (): void => {
      for (const [path, entry] of held) this.unpin(path, entry);
      held.clear();
    };
    return { take, release };
  }

  /** Takes over a file of this machine that the lake has under that path; removes it where there is no room. */
  admit(file: string, path: string, bytes: number): void {
    if (this.entries.has(path) || !this.makeRoom(bytes)) return rmSync(file, { force: true });
    this.settle(file, path);
    this.used += bytes;
    this.entries.set(path, { bytes, pins: 0, isHere: true, arrived: Promise.resolve(), arriving: new AbortController() });
  }

  /** Lets go of a file that the lake no longer has; one that readers hold stays as long as they do. */
  drop(path: string): void {
    const entry = this.entries.get(path);
    if (entry?.isHere && entry.pins === 0) this.evict(path, entry);
  }

  private pin(path: string): Entry {
    const entry = this.entries.get(path) ?? this.begin(path);
    entry.pins += 1;
    this.entries.delete(path);
    this.entries.set(path, entry);
    return entry;
  }

  private unpin(path: string, entry: Entry): void {
    entry.pins -= 1;
    if (entry.pins > 0 || entry.isHere) return;
    // Nobody waits for it any more.
    entry.arriving.abort();
    this.forget(path, entry);
  }

  private begin(path: string): Entry {
    const entry: Entry = { bytes: 0, pins: 0, isHere: false, arrived: Promise.resolve(), arriving: new AbortController() };
    entry.arrived = this.fetches.pass(() => this.bring(path, entry));
    // Those who hold it are told.
    entry.arrived.catch(() => undefined);
    return entry;
  }

  private async bring(path: string, entry: Entry): Promise<void> {
    const to = join(this.places.temporary, `fetch-${randomUUID()}`);
    try {
      await this.fetch(path, to, (bytes) => this.reserve(entry, bytes), entry.arriving.signal);
      entry.arriving.signal.throwIfAborted();
      this.settle(to, path);
      entry.isHere = true;
    } catch (error) {
      rmSync(to, { force: true });
      this.forget(path, entry);
      throw error instanceof NoRoom ? error : mapFileError(error, path);
    }
  }

  private reserve(entry: Entry, bytes: number): void {
    if (!this.makeRoom(bytes)) throw new NoRoom(bytes);
    entry.bytes = bytes;
    this.used += bytes;
  }

  /** Lets go of files that nobody holds until there is room; false where they are too few. */
  private makeRoom(bytes: number): boolean {
    for (const [path, entry] of this.entries) {
      if (this.used + bytes <= this.maxBytes) break;
      if (entry.isHere && entry.pins === 0) this.evict(path, entry);
    }
    return this.used + bytes <= this.maxBytes;
  }

  private evict(path: string, entry: Entry): void {
    this.forget(path, entry);
    const file = this.places.absolute(path);
    rmSync(file, { force: true });
    // Folders of runs would become more for ever.
    for (let folder = dirname(file); folder !== this.places.root; folder = dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch {
        return;
      }
    }
  }

  private settle(file: string, path: string): void {
    const target = this.places.absolute(path);
    mkdirSync(dirname(target), { recursive: true });
    chmodSync(file, 0o444);
    renameSync(file, target);
  }

  private forget(path: string, entry: Entry): void {
    this.used -= entry.bytes;
    entry.bytes = 0;
    if (this.entries.get(path) === entry) this.entries.delete(path);
  }

  /** Whether others have the room, or a reader wants more than there is. */
  private tooLittle({ bytes }: NoRoom, held: readonly Entry[]): WeirError {
    const own = held.reduce((sum, entry) => sum + entry.bytes, bytes);
    const limit = `the limit for copies of the lake's files on this machine, ${this.maxBytes} bytes`;
    if (own <= this.maxBytes) return new WeirError({ code: 'BUSY', message: `${bytes} bytes more are over ${limit}, which other readers have.`, place: 'WEIR_LAKE_CACHE_MB' });
    return new WeirError({ code: 'MEMORY_LIMIT', message: `One reader needs ${own} bytes or more at a time, which is over ${limit}.`, place: 'WEIR_LAKE_CACHE_MB', fix: 'Run smaller intervals, or let the operator raise WEIR_LAKE_CACHE_MB of the service.' });
  }
}

class NoRoom extends Error {
  constructor(readonly bytes: number) {
    super(`no room for ${bytes} bytes`);
  }
}
