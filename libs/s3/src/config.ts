/** What asking a store takes. */
export interface S3Options {
  readonly signal: AbortSignal;
  /** The address to connect to for a host; throws where connections may not lead there. */
  readonly address: (host: string, port: number) => Promise<string>;
  /** A secret of the connection, by the name that it has there. Throws SECRET_MISSING. */
  readonly secretOf: (name: string) => { reveal(): string };
  /** Those of S3_LIMITS that are to be others. */
  readonly limits?: Partial<S3Limits> | undefined;
}

/** The bounds of requests. */
export interface S3Limits {
  /** Until the connection stands, TLS included. */
  readonly connectMs: number;
  /** The longest that a store may be silent, before its answer and within it. */
  readonly idleMs: number;
  /** How often one thing is asked for, the first time included, when what fails passes by itself. */
  readonly tries: number;
  /** The longest wait before the second try; it doubles with each one, up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Objects up to this size come with one answer, larger ones in ranges of it; only what a try has read decides how much is read again, not this. */
  readonly rangeBytes: number;
}

export const S3_LIMITS: S3Limits = {
  connectMs: 10_000,
  idleMs: 30_000,
  tries: 6,
  backoffMs: 500,
  maxBackoffMs: 8_000,
  rangeBytes: 32 * 1024 * 1024,
};
