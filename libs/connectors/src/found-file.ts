/** A file, or an object of a bucket, as a list shows it, before it is read. */
export interface FoundFile {
  /** Below the source's folder, or the key. */
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970, by the clock of the file system or the store. */
  readonly modifiedMs: number;
  /** Another one where the content may be another. */
  readonly stamp: string;
}
