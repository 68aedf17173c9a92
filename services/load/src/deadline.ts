import { WeirError } from '@weir/core';

/** Longest time for one call of a stream, whatever its caller asked for. */
const LONGEST_MS = 30_000;

/** Runs `body` with a signal that is aborted with the caller's, or after 30 s; then throws DEADLINE. */
export async function withinDeadline<T>(signal: AbortSignal, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(LONGEST_MS);
  try {
    return await body(AbortSignal.any([signal, deadline]));
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error;
    throw new WeirError({ code: 'DEADLINE', message: `The destination did not answer within ${LONGEST_MS / 1_000} s.` }, { cause: error });
  }
}
