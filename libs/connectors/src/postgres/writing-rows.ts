import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { mapDestinationError } from './errors';

/** Runs statements that write rows of a table, under one span: theirs would have what Postgres says when it refuses a row, which may be values of it. */
export async function writingRows<T>(label: string, body: () => Promise<T>): Promise<T> {
  const span = trace.getTracer('@weir/connectors').startSpan(`write ${label}`, { attributes: { 'db.system.name': 'postgresql', 'db.collection.name': label } });
  try {
    return await context.with(ROOT_CONTEXT, body);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: mapDestinationError(error, label).message });
    throw error;
  } finally {
    span.end();
  }
}
