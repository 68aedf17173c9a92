import { orAborted as race, WeirError } from '@weir/core';

/** The answer, or CANCELLED as soon as the signal is aborted: a question to a server that is out of reach may stay open for seconds. */
export function orAborted<T>(signal: AbortSignal, question: Promise<T>): Promise<T> {
  return race(question, signal, cancelled);
}

export function cancelled(cause?: unknown): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'The load was cancelled; the table is as it was.' }, { cause });
}
