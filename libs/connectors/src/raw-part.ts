/** What a source gives of one partition, part by part: each becomes one immutable file of the raw zone, as it came. */
export interface RawPart {
  /** For people, and the same whenever the same part is read again: the key of an object, a page of an API, a range of a table. */
  readonly name: string;
  readonly partition: string;
  /** Read once, from its beginning to its end, before the next part is asked for. */
  readonly bytes: AsyncIterable<Buffer>;
}

/** What reading a source takes. */
export interface ReadOptions {
  readonly signal: AbortSignal;
  /** The address to connect to for a host; throws where connections may not lead there (platform's Egress). */
  readonly address: (host: string, port: number) => Promise<string>;
}
