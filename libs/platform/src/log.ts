import { isSpanContextValid, trace } from '@opentelemetry/api';
import pino, { type Logger } from 'pino';

export type { Logger };

/** A JSON log on standard output; each line carries the trace it belongs to. Sentences have a capital and a full stop; WARN means recovered, ERROR needs a person. */
export function createLog(service: string): Logger {
  return pino({
    level: process.env['WEIR_LOG_LEVEL'] ?? 'info',
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const context = trace.getActiveSpan()?.spanContext();
      return context && isSpanContextValid(context) ? { trace_id: context.traceId } : {};
    },
    serializers: { error: describeError },
  });
}

/** Code, message and place only: causes and payloads stay out of logs. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, place } = error as Error & { code?: unknown; place?: unknown };
  return { name: error.name, message: error.message, code, place, stack: error.stack };
}
