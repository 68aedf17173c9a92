import { WeirError } from '@weir/core';

/** The answer, or CANCELLED as soon as the signal is aborted: a question to a server that is out of reach may stay open for seconds. */
export async function orAborted<T>(signal: AbortSignal, question: Promise<T>): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled());
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([question, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    question.catch(() => undefined);
  }
}

export function cancelled(cause?: unknown): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'The load was cancelled; the table is as it was.' }, { cause });
}
