import { randomBytes } from 'node:crypto';
import { context, isSpanContextValid, ROOT_CONTEXT, SpanKind, trace, TraceFlags, type Attributes, type Context, type Link, type SpanContext } from '@opentelemetry/api';
import type { Gathered } from './gatherer';

/** OpenTelemetry's own limit of links, less one for the supervisor. */
const PRODUCER_LINKS = 127;
/** Traces a second of micro-batches: of those that a traced producer sent to, and of the others. */
const LINKED_TRACES = 20;
const OTHER_TRACES = 2;

/**
 * Gives each micro-batch a trace of its own, linked to the supervisor's and to those of its producers. Forty micro-batches a second with some fifteen spans each would cost more than they tell, so most are
 * not recorded; those of traced producers are, up to a bound, and so is the one after a failure.
 */
export class BatchTrace {
  private second = 0;
  private linked = 0;
  private other = 0;
  private failed = false;

  /** `supervisor` is the span of the call that the member was started by. */
  constructor(
    private readonly topic: string,
    private readonly supervisor: SpanContext | undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The context in which a micro-batch's stages are called, and the end of its span. */
  begin(gathered: Gathered, attributes: Attributes): { context: Context; end(error?: Error): void } {
    const producers = producerLinks(gathered);
    const sampled = this.samples(producers.some(({ context: { traceFlags } }) => (traceFlags & TraceFlags.SAMPLED) !== 0));
    if (!sampled) return { context: trace.setSpanContext(ROOT_CONTEXT, unsampled()), end: (error) => void (this.failed ||= error !== undefined) };
    const links = [...(this.supervisor ? [{ context: this.supervisor }] : []), ...producers];
    const span = trace.getTracer('weir').startSpan(`process ${this.topic}`, { kind: SpanKind.CONSUMER, root: true, links, attributes: { ...this.messaging(gathered), ...attributes } }, ROOT_CONTEXT);
    return {
      context: trace.setSpan(ROOT_CONTEXT, span),
      end: (error) => {
        this.failed ||= error !== undefined;
        if (error) span.recordException({ name: error.name, message: error.message });
        span.end();
      },
    };
  }

  private samples(linked: boolean): boolean {
    const second = Math.floor(this.now() / 1_000);
    if (second !== this.second) Object.assign(this, { second, linked: 0, other: 0 });
    if (this.failed) {
      this.failed = false;
      return true;
    }
    if (linked) return (this.linked += 1) <= LINKED_TRACES;
    return (this.other += 1) <= OTHER_TRACES;
  }

  private messaging({ records, ranges }: Gathered): Attributes {
    return {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'process',
      'messaging.destination.name': this.topic,
      'messaging.batch.message_count': records,
      'weir.positions': ranges.map(({ partition, from, to }) => `${this.topic}:${partition}:${from}-${to}`),
    };
  }
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The producers' span contexts as their records say, each once. */
function producerLinks({ parts }: Gathered): Link[] {
  const links = new Map<string, Link>();
  for (const records of parts.flatMap((part) => part.records)) {
    for (let index = 0; index < records.length; index++) {
      const header = records.hasHeaders(index) ? records.headers(index)['traceparent'] : undefined;
      if (header === undefined || Array.isArray(header)) continue;
      const text = header.toString();
      if (links.has(text)) continue;
      const [, traceId = '', spanId = '', flags = '00'] = TRACEPARENT.exec(text) ?? [];
      const producer = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
      if (isSpanContextValid(producer)) links.set(text, { context: producer });
      if (links.size === PRODUCER_LINKS) return [...links.values()];
    }
  }
  return [...links.values()];
}

/** A parent that was not sampled: everything below it keeps the trace id, for the ledger, and records nothing. */
function unsampled(): SpanContext {
  return { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), traceFlags: TraceFlags.NONE, isRemote: true };
}

/** Runs a stage's call below a micro-batch's span. */
export function inTrace<T>(within: Context, body: () => Promise<T>): Promise<T> {
  return context.with(within, body);
}
