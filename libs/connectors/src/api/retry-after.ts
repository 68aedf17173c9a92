import type { IncomingHttpHeaders } from 'node:http';

/**
 * How long an answer asks to wait before the next request (RFC 9110, Retry-After: seconds, or a date), in milliseconds and at most `longestMs`. Undefined where it asks for nothing: no header,
 * none that can be read, none that lies ahead. A date is compared with the answer's own, because clocks differ.
 */
export function retryAfterMs({ 'retry-after': header, date }: Pick<IncomingHttpHeaders, 'retry-after' | 'date'>, longestMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const wait = /^\d{1,15}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - (Date.parse(date ?? '') || Date.now());
  return wait > 0 ? Math.min(wait, longestMs) : undefined;
}
