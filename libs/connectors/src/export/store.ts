/** A small file with what tells this version of it from any other. */
export interface TaggedFile {
  readonly bytes: Buffer;
  readonly tag: string;
}

/** What a list says of a file. */
export interface StoredFile {
  /** Below the store's root. */
  readonly path: string;
  readonly modifiedMs: number;
}

/** A finished file of this machine, and what is known of its bytes. */
export interface LocalFile {
  /** Absolute. It may be gone afterwards. */
  readonly file: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Where an export lies: a folder, or the keys of a bucket that begin alike. Paths are below it, with slashes. Methods throw UNAVAILABLE and DISK_FULL for what passes, DESTINATION_REFUSED, DESTINATION_INCOMPATIBLE
 * for a store that does not keep conditions, EGRESS_DENIED, SECRET_MISSING, and CANCELLED.
 */
export interface ExportStore {
  /** What people call it. */
  readonly name: string;
  /** A file of at most `mostBytes`; undefined where there is none. */
  read(path: string, mostBytes: number): Promise<TaggedFile | undefined>;
  /** Writes a file whose path nobody else uses. It is whole and on the disk when this returns. */
  write(path: string, bytes: Buffer): Promise<void>;
  /** The same of a finished file. */
  add(path: string, file: LocalFile): Promise<void>;
  /** Puts a file in the place of the version with this tag, or of none, at one moment; false when another one is there, or may be: then nothing was changed, or the answer was lost. */
  replace(path: string, bytes: Buffer, tag: string | undefined): Promise<boolean>;
  /** The files directly in a folder. */
  list(folder: string): Promise<StoredFile[]>;
  /** Removes files, those that are there. */
  remove(paths: readonly string[]): Promise<void>;
  /** Lets go of connections. */
  close(): void;
}
