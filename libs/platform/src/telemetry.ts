import { SpanStatusCode, context, trace, type Attributes, type Span, type SpanContext } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { NodeSDK, core, resources, tracing } from '@opentelemetry/sdk-node';
import { toWeirError } from '@weir/core';
import { metricsReader } from './metrics';

let sdk: NodeSDK | undefined;
let processor: tracing.BatchSpanProcessor | undefined;

/**
 * Starts tracing and metrics for this process. Call it before gRPC and pg are loaded, or their calls stay untraced:
 * each service's telemetry.ts does, and main.ts imports that first. Spans are buffered (8,192 of them)
 * while the collector is away and sent once it answers; a missing collector never fails the work. Metrics are served where metrics.ts says.
 */
export function startTelemetry(service: string): void {
  if (sdk || process.env['OTEL_SDK_DISABLED'] === 'true') return;
  const reader = metricsReader(service);
  const url = process.env['WEIR_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4317';
  processor = new tracing.BatchSpanProcessor(new PatientExporter(new OTLPTraceExporter({ url, timeoutMillis: 5_000 })), {
    maxQueueSize: 8_192,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 500,
  });
  sdk = new NodeSDK({
    resource: telemetryResource(service),
    spanProcessors: [processor],
    metricReaders: reader ? [reader] : [],
    logRecordProcessors: [],
    autoDetectResources: false,
    instrumentations: [
      // Health probes and questions to Temporal come every second or two and would bury the traces of runs.
      new GrpcInstrumentation({ ignoreGrpcMethods: [/^(check|watch|serverreflectioninfo|export|getsysteminfo|queryworkflow|describeworkflowexecution|getworkflowexecutionhistory)$/i] }),
      // Nor does taking a connection from its pool say anything; there would be one such span for each query.
      new PgInstrumentation({ requireParentSpan: true, enhancedDatabaseReporting: false, ignoreConnectSpans: true }),
    ],
  });
  sdk.start();
}

/** How a process names itself on its spans, for SDKs that make spans of their own such as Temporal's. */
export function telemetryResource(service: string): resources.Resource {
  return resources.resourceFromAttributes({ 'service.name': `weir-${service}`, 'service.namespace': 'weir' });
}

/** The span processor in use, for SDKs that bring their own tracer such as Temporal's. */
export function spanProcessor(): tracing.SpanProcessor | undefined {
  return processor;
}

/** Sends what is buffered, at most 5 s, and stops tracing. */
export async function stopTelemetry(): Promise<void> {
  const stopping = sdk;
  sdk = undefined;
  await Promise.race([stopping?.shutdown().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 5_000).unref())]);
}

/**
 * Runs `body` in a span. A failure marks the span ERROR with the code and up to five reasons, and is thrown on.
 * Attributes hold ids, counts and names, never payloads.
 */
export async function withSpan<T>(name: string, attributes: Attributes, body: (span: Span) => Promise<T>): Promise<T> {
  return trace.getTracer('weir').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await body(span);
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Runs `body` without spans of its own: for loops over thousands of small objects that one span around them sums up. */
export function withoutSpans<T>(body: () => Promise<T>): Promise<T> {
  return context.with(core.suppressTracing(context.active()), body);
}

/** Marks a span as failed by an error: ERROR status, weir.error.code, weir.error.samples. */
export function markFailed(span: Span, error: unknown): void {
  const weir = toWeirError(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: `${weir.code}: ${weir.message}`.slice(0, 1_000) });
  span.setAttribute('weir.error.code', weir.code);
  if (weir.place) span.setAttribute('weir.error.place', weir.place);
  if (weir.samples.length > 0) span.setAttribute('weir.error.samples', [...weir.samples]);
}

/** The active trace's id; undefined outside of one. */
export function activeTraceId(): string | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  return context && trace.getActiveSpan()?.isRecording() ? context.traceId : undefined;
}

/** The active span's place in its trace, recorded or not; undefined outside of any. */
export function activeSpanContext(): SpanContext | undefined {
  return trace.getActiveSpan()?.spanContext();
}

const MAX_KEPT_BATCHES = 64;
const RESEND_MS = 2_000;

/**
 * Keeps batches that could not be sent, up to 64 of them, and sends them before the next one or, when none comes, every 2 s:
 * the first start of the platform runs pipelines while Jaeger is still being built.
 */
class PatientExporter implements tracing.SpanExporter {
  private kept: tracing.ReadableSpan[][] = [];
  private sending: Promise<void> = Promise.resolve();
  private resend: NodeJS.Timeout | undefined;

  constructor(private readonly target: tracing.SpanExporter) {}

  export(spans: tracing.ReadableSpan[], done: Parameters<tracing.SpanExporter['export']>[1]): void {
    this.kept.push(spans);
    if (this.kept.length > MAX_KEPT_BATCHES) this.kept.shift();
    this.sending = this.sending.then(() => this.flush());
    void this.sending.then(() => done({ code: 0 }));
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
    await this.target.shutdown();
  }

  async forceFlush(): Promise<void> {
    await (this.sending = this.sending.then(() => this.flush()));
  }

  private async flush(): Promise<void> {
    for (let batch = this.kept[0]; batch; batch = this.kept[0]) {
      if (!(await this.send(batch))) return this.tryLater();
      this.kept.shift();
    }
  }

  private tryLater(): void {
    clearTimeout(this.resend);
    this.resend = setTimeout(() => void this.forceFlush(), RESEND_MS).unref();
  }

  private send(batch: tracing.ReadableSpan[]): Promise<boolean> {
    return new Promise((resolve) => this.target.export(batch, (result) => resolve(!result.error && Number(result.code) === 0)));
  }
}
