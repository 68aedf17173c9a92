import { trace, type Link } from '@opentelemetry/api';

/** A trace that a span links to. */
export interface TraceLink {
  /** W3C traceparent of the span that began it. */
  readonly trace: string;
  /** Run id of the run whose trace it is; absent for that of the execution before this one. */
  readonly runId?: string | undefined;
}

/** Links that one span can have: OpenTelemetry keeps no more. */
const MAX_LINKS = 128;

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Links the active span to traces; those that are none are left out. */
export function linkTraces(links: readonly TraceLink[]): void {
  trace.getActiveSpan()?.addLinks(links.slice(0, MAX_LINKS).flatMap(linkTo));
}

function linkTo({ trace: traceparent, runId }: TraceLink): Link[] {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (!traceId || !spanId || !flags) return [];
  return [{ context: { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }, attributes: runId === undefined ? {} : { 'weir.run.id': runId } }];
}

/** The active span as a W3C traceparent; empty where nothing is traced. */
export function ownTrace(): string {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}` : '';
}
