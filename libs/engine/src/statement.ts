import type { DuckDBConnection } from '@duckdb/node-api';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { WeirError } from '@weir/core';
import { mapEngineError } from './engine-error';

/** How often a query is told again to stop: an interrupt that arrives just before a statement starts is forgotten by the engine. */
const INTERRUPT_EVERY_MS = 100;

/** Most rows that a statement gives; results are numbers and samples, data goes to files. */
export const MAX_ROWS = 100_000;

/** Runs `body`, and interrupts what the connection does while the signal is aborted. Throws CANCELLED when it was aborted before. */
export async function interruptible<T>(connection: DuckDBConnection, signal: AbortSignal | undefined, body: () => Promise<T>): Promise<T> {
  if (!signal) return body();
  let again: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    again = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
  };
  if (signal.aborted) throw cancelled();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await body();
  } finally {
    signal.removeEventListener('abort', interrupt);
    clearInterval(again);
  }
}

/** A connection silently drops the rest of a streamed result when the next statement starts, so that statements must not overlap. */
export function oneAtATime(): <T>(statement: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (statement) => {
    const next = last.then(statement, statement);
    last = next.catch(() => undefined);
    return next;
  };
}

/** Runs a statement, of this text, in a span named `engine <name>`; what it throws is mapped, and is CANCELLED once the signal is aborted. */
export async function spanned<T>(name: string, signal: AbortSignal | undefined, sql: string, statement: () => Promise<T>): Promise<T> {
  if (signal?.aborted) throw cancelled();
  const span = trace.getTracer('@weir/engine').startSpan(`engine ${name}`, { attributes: { 'db.system.name': 'duckdb' } });
  try {
    return await context.with(trace.setSpan(context.active(), span), statement);
  } catch (error) {
    const mapped = signal?.aborted ? cancelled() : mapEngineError(error, name, sql);
    span.setAttribute('weir.error.code', mapped.code);
    span.setStatus({ code: SpanStatusCode.ERROR, message: mapped.message });
    throw mapped;
  } finally {
    span.end();
  }
}

/** The error of work that was told to stop. */
export function cancelled(): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'The engine was told to stop.' });
}
