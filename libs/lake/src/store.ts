import type { Digest } from './durable';

/** What is known of a file without reading it. */
export interface StoredFile {
  readonly bytes: number;
  /** When it came, or was wanted again by somebody who would have written the same, as far as the store says so. Milliseconds since 1970, by the store's clock. */
  readonly modifiedMs: number;
}

/** A file, or a folder with nothing in it, as a sweep found it. */
export interface LakeEntry {
  /** Below the lake's root. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** 0 for a folder. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** Entries that are looked at together: enough for one question to a database, few enough for memory. */
export const SWEEP_PAGE = 500;

/** Files of the lake that one reader needs on this machine until it lets go of them. */
export interface Hold {
  /** Brings the files here, so that `Lake.absolute` names them, and keeps them here until `release`. Throws SEGMENT_CORRUPT for one that is not in the lake, or not as it was written. */
  take(paths: readonly string[], signal?: AbortSignal): Promise<void>;
  release(): void;
}

/**
 * Where the lake's files are kept: a folder, or a bucket. Files are immutable and appear whole or not at all. Paths are below the lake's root, and were checked. What a store throws are file system errors or WeirErrors;
 * one that does not answer is UNAVAILABLE, and never looks like one without the file.
 */
export interface LakeStore {
  /** Writes at a time: more make it no faster and would starve other work. */
  readonly concurrentWrites: number;
  /** Resolves when the store answers and does what the lake needs; throws what is wrong otherwise. */
  probe(): Promise<void>;
  /**
   * Moves a finished file of this machine to its place unless one is there. Gives what is there already, undefined when it was this call that put it; either way the temporary file is gone.
   * The file that is there is wanted again: no collection that began before this call's end takes it.
   */
  place(file: string, path: string, digest: Digest, signal?: AbortSignal): Promise<Digest | undefined>;
  /** What is known of a file; undefined where there is none. */
  find(path: string): Promise<StoredFile | undefined>;
  /** Size and hash of what the store has; throws where there is none. */
  digest(path: string): Promise<Digest>;
  /** The first bytes of a file, at most `most`; throws where there is none. */
  read(path: string, most: number): Promise<Buffer>;
  hold(): Hold;
  /** Names right below a folder, files and folders; none of a folder that is not there. */
  names(folder: string): Promise<string[]>;
  /** All below a folder, in pages of at most 500; what vanishes meanwhile is left out. Below `tmp` lies what writers that died have left. */
  list(folder: string): AsyncGenerator<readonly LakeEntry[]>;
  /** Removes a file unless it was written, or wanted again, after `beforeMs`, and nobody who wants it while this goes on loses it; says whether this call removed it. */
  removeUntouched(path: string, beforeMs: number): Promise<boolean>;
  /** Removes a file, or a folder with all that is in it; nothing where there is none. Only for what nobody writes any more. */
  remove(path: string): Promise<void>;
  /** Removes folders that are empty, from this one upwards, as long as their paths have at least `depth` names. */
  removeEmptyFolders(folder: string, depth: number): Promise<void>;
}
