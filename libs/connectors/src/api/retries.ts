import { isWeirError, WeirError } from '@weir/core';
import type { ApiLimits } from './config';
import { pause } from './pause';

/** What one try came to: a value, or a failure that passes, with the wait that was asked for. */
export type Tried<T> = { readonly value: T } | { readonly failure: WeirError; readonly afterMs?: number | undefined };

/**
 * Tries until there is a value: after a failure that passes, and after UNAVAILABLE that `once` throws, again and again with growing, random waits between. When all retries are used up throws the last failure,
 * which says how often it was tried; everything else that `once` throws; CANCELLED.
 */
export async function withRetries<T>(once: () => Promise<Tried<T>>, { retries, backoffMs, maxBackoffMs }: ApiLimits, signal: AbortSignal): Promise<T> {
  for (let retry = 0; ; retry += 1) {
    const tried: Tried<T> = await once().catch(unavailable);
    if ('value' in tried) return tried.value;
    const { failure, afterMs } = tried;
    if (retry >= retries) throw retry === 0 ? failure : tiredOf(failure, retry + 1);
    await pause(afterMs ?? Math.random() * Math.min(maxBackoffMs, backoffMs * 2 ** retry), signal);
  }
}

function tiredOf({ code, message, place, fix, cause }: WeirError, times: number): WeirError {
  return new WeirError({ code, message: `${message} It was tried ${times} times.`, place, fix }, { cause });
}

function unavailable(error: unknown): { failure: WeirError } {
  if (isWeirError(error) && error.code === 'UNAVAILABLE') return { failure: error };
  throw error;
}
