import type { ReadOptions } from '../raw-part';

/** A value that is revealed where a request is made, and nowhere else. */
export interface ApiSecret {
  reveal(): string;
}

/** What reading an API takes. */
export interface ApiOptions extends ReadOptions {
  /** A secret of the connection, by the name that it has there. Throws SECRET_MISSING. */
  readonly secretOf: (name: string) => ApiSecret;
  /** Those of API_LIMITS that are to be others. */
  readonly limits?: Partial<ApiLimits> | undefined;
}

/** The bounds of requests. */
export interface ApiLimits {
  /** Until the connection stands, TLS included. */
  readonly connectMs: number;
  /** Until the status comes, counted from the request. */
  readonly headersMs: number;
  /** Until the end of the body, counted from the status. */
  readonly bodyMs: number;
  /** Largest page, inflated. */
  readonly pageBytes: number;
  /** Most pages of one partition. */
  readonly pages: number;
  /** How often a request is made again after a failure that passes. */
  readonly retries: number;
  /** The longest wait before the first retry; it doubles with each one, up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** The longest wait that an API may ask for by Retry-After. */
  readonly retryAfterMs: number;
}

export const API_LIMITS: ApiLimits = {
  connectMs: 10_000,
  headersMs: 60_000,
  bodyMs: 300_000,
  pageBytes: 64 * 1024 * 1024,
  // As many as a source of files may have: manifests and answers between services stay within their sizes.
  pages: 20_000,
  retries: 8,
  backoffMs: 1_000,
  maxBackoffMs: 30_000,
  retryAfterMs: 300_000,
};
