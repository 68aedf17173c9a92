import { until } from '@weir/testkit';
import type { TestPlatform } from './platform';

/** A span as Jaeger's query API gives it. */
export interface Span {
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string; readonly traceID: string }[];
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  readonly processID: string;
}

/** A trace, and which service each of its processes is. */
export interface Trace {
  readonly traceID: string;
  readonly spans: readonly Span[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

/**
 * A run's trace, once no more spans come and `arrived` holds: every process sends its spans in batches of its own, so that a trace at rest need not
 * be whole. Jaeger may still be building on a first start.
 */
export async function traceOf(platform: TestPlatform, traceId: string, arrived: (trace: Trace) => boolean): Promise<Trace> {
  let before = -1;
  const settled = async (): Promise<Trace | undefined> => {
    const trace = await fetchTrace(platform, traceId);
    const complete = trace !== undefined && trace.spans.length === before && dangling(trace).length === 0 && arrived(trace);
    before = trace?.spans.length ?? -1;
    return complete ? trace : undefined;
  };
  return until(settled, { timeoutMs: 60_000, what: `The whole trace ${traceId}` });
}

/** Spans whose parent is in the same trace but was never stored. */
export function dangling(trace: Trace): Span[] {
  const known = new Set(trace.spans.map(({ spanID }) => spanID));
  return trace.spans.filter(({ references }) => references.some(({ refType, spanID, traceID }) => refType === 'CHILD_OF' && traceID === trace.traceID && !known.has(spanID)));
}

/** The value of a span's tag. */
export function tagOf(span: Span, key: string): unknown {
  return span.tags.find((tag) => tag.key === key)?.value;
}

/** What Jaeger has of a trace now. */
export async function fetchTrace(platform: TestPlatform, traceId: string): Promise<Trace | undefined> {
  const answer = await fetch(new URL(`/api/traces/${traceId}`, platform.state.jaeger));
  if (!answer.ok) return undefined;
  const { data } = (await answer.json()) as { data: Trace[] };
  return data[0];
}

/** Traces of a service that have an operation with these tags. */
export async function tracesWith(platform: TestPlatform, service: string, operation: string, tags: Readonly<Record<string, string>>): Promise<Trace[]> {
  const query = new URLSearchParams({ service: `weir-${service}`, operation, tags: JSON.stringify(tags), limit: '20', lookback: '1h' });
  const answer = await fetch(new URL(`/api/traces?${query.toString()}`, platform.state.jaeger));
  return answer.ok ? ((await answer.json()) as { data: Trace[] }).data : [];
}

/** The services that have spans in a trace. */
export function servicesIn(trace: Trace): string[] {
  const names = trace.spans.map(({ processID }) => trace.processes[processID]?.serviceName.replace(/^weir-/, '') ?? '');
  return [...new Set(names)];
}
