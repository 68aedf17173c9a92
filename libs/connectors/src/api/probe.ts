import type { ApiConnectionSettings, ApiSource, Interval } from '@weir/core';
import type { ApiOptions } from './config';
import { FIRST_PAGE } from './page-position';
import { nameOf } from './page-target';
import { ApiReader } from './source';

/** What one request to an API found. */
export interface ApiFinding {
  /** What was asked for, without anything secret. */
  readonly name: string;
  readonly records: number;
  /** Whether the page says that there is another one; undefined where only the next request would show. */
  readonly more: boolean | undefined;
  /** The page as it was received; empty where the API answers that there is nothing. */
  readonly body: Buffer;
}

/** Makes one request: for the first page of an interval, or of all. Throws as ApiReader does; what passes by itself is not waited for. */
export async function testApi(source: ApiSource, connection: ApiConnectionSettings, options: ApiOptions & { readonly interval?: Interval | undefined }): Promise<ApiFinding> {
  const reader = new ApiReader(source, connection, { ...options, limits: { ...options.limits, retries: 0 } });
  try {
    const slice = { partition: 'test', interval: options.interval };
    const page = await reader.read(slice, FIRST_PAGE);
    const { by } = source.pages;
    const more = by === 'none' ? false : by === 'cursor' || by === 'link' ? page?.next !== undefined : undefined;
    return { name: nameOf(source, slice, FIRST_PAGE), records: page?.records ?? 0, more, body: page?.body ?? Buffer.alloc(0) };
  } finally {
    reader.close();
  }
}
