import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/core';
import type { Span, SpanError } from './span';

const POLL_MS = 400;
const REQUEST_MS = 5_000;

/** A trace has at most 2,000 spans; a body beyond this is not one of ours. */
const MAX_BODY = 64 * 1024 * 1024;

/**
 * The spans of a trace from Jaeger's query API at `base`. Services send their spans up to a second late, so it asks again
 * until `complete` is true and no more spans come in, at most `patienceMs`; then it gives what there is.
 * Throws UNAVAILABLE when Jaeger does not answer, RUN_NOT_FOUND when it has nothing under that id.
 */
export async function fetchTrace(base: string, traceId: string, complete: (spans: readonly Span[]) => boolean, patienceMs = 5_000): Promise<Span[]> {
  const deadline = performance.now() + patienceMs;
  let before = -1;
  for (;;) {
    const spans = await fetchOnce(base, traceId);
    const settled = spans.length > 0 && spans.length === before && complete(spans);
    if (settled || performance.now() >= deadline) return found(spans, traceId);
    before = spans.length;
    await sleep(POLL_MS);
  }
}

function found(spans: Span[], traceId: string): Span[] {
  if (spans.length > 0) return spans;
  throw new WeirError({ code: 'RUN_NOT_FOUND', place: traceId, message: `Jaeger has no trace ${traceId}.`, fix: 'Traces are kept for seven days, and only while Jaeger runs; the run itself is in `weir runs show`.' });
}

async function fetchOnce(base: string, traceId: string): Promise<Span[]> {
  const url = `${base}/api/traces/${traceId}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) });
    if (response.status === 404) return [];
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const text = await response.text();
    if (text.length > MAX_BODY) throw new Error(`it answered with ${text.length} bytes`);
    return parseTrace(JSON.parse(text));
  } catch (error) {
    throw new WeirError({ code: 'UNAVAILABLE', place: url, message: `Jaeger did not give the trace: ${(error as Error).message}.`, fix: 'Look at `weir status`; Jaeger may still be starting.' }, { cause: error });
  }
}

interface JaegerAnswer {
  readonly data?: readonly { readonly spans: readonly JaegerSpan[]; readonly processes: Readonly<Record<string, { readonly serviceName: string }>> }[];
}

interface JaegerSpan {
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  /** Microseconds. */
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  readonly processID: string;
}

/** Spans from the body of Jaeger's /api/traces/{id}. A span that was sent twice counts once. */
export function parseTrace(body: unknown): Span[] {
  const trace = (body as JaegerAnswer).data?.[0];
  if (!trace) return [];
  const spans = trace.spans.map((span): Span => {
    const tags = new Map(span.tags.map(({ key, value }) => [key, value]));
    return {
      id: span.spanID,
      parent: span.references.find(({ refType }) => refType === 'CHILD_OF')?.spanID,
      service: trace.processes[span.processID]?.serviceName ?? '',
      name: span.operationName,
      start: span.startTime / 1_000,
      duration: span.duration / 1_000,
      error: errorOf(tags),
      runId: text(tags.get('weir.run.id')),
    };
  });
  return [...new Map(spans.map((span) => [span.id, span])).values()];
}

function errorOf(tags: ReadonlyMap<string, unknown>): SpanError | undefined {
  const code = text(tags.get('weir.error.code'));
  if (tags.get('error') !== true && code === undefined) return undefined;
  const described = text(tags.get('otel.status_description')) ?? 'failed';
  const reason = code && described.startsWith(`${code}: `) ? described.slice(code.length + 2) : described;
  return { code, reason, samples: samplesOf(tags.get('weir.error.samples')) };
}

/** Jaeger's API gives attribute lists as JSON text. */
function samplesOf(value: unknown): string[] {
  if (typeof value !== 'string') return [];
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed.map(String) : [value];
  } catch {
    return [value];
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
