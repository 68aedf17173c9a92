import type { WeirError } from './errors';

/** The result of work, or what `reason` gives as soon as the signal is aborted: the work then ends behind the caller's back, however it ends. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal, reason: () => WeirError): Promise<T> {
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(reason());
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
