import { WeirError } from '@weir/core';

/** The two ends that --interval names; what they mean is the service's to say, which knows the grain. Throws INVALID_INTERVAL. */
export function intervalEnds(text: string | undefined): { readonly start: string; readonly end: string } | undefined {
  if (text === undefined) return undefined;
  const [start, end, rest] = text.split('/');
  if (start && end && rest === undefined) return { start, end };
  throw new WeirError({ code: 'INVALID_INTERVAL', place: '--interval', message: `\`${text}\` is not an interval.`, fix: 'Write start/end, such as 2010-12-01/2010-12-02.' });
}
