import type { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry-v2';

export type SpanProcessor = ConstructorParameters<typeof OpenTelemetryPlugin>[0]['spanProcessor'];
type ReadableSpan = Parameters<SpanProcessor['onEnd']>[0];

/**
 * Passes workflow spans on with the attributes that all other spans of a run have. Temporal lays the whole WorkflowInfo over
 * each of them, timers and memo included: forty attributes that nobody can search by.
 */
export function describeWorkflowSpans(target: SpanProcessor): SpanProcessor {
  return {
    onStart: () => undefined,
    onEnd: (span) => {
      // Whoever watches a run asks twice a second, and each question would become a trace of one span.
      if (!span.name.startsWith('HandleQuery:')) target.onEnd({ ...span, attributes: described(span.attributes) });
    },
    forceFlush: () => target.forceFlush(),
    // The processor belongs to the process, which ends it itself.
    shutdown: () => Promise.resolve(),
  };
}

interface WorkflowAttributes {
  readonly workflowId: string;
  readonly runId: string;
  readonly searchAttributes: Readonly<Record<string, readonly string[]>>;
}

function described({ workflowId = '', runId = '', searchAttributes = {} }: Partial<WorkflowAttributes>): ReadableSpan['attributes'] {
  return {
    temporalWorkflowId: workflowId,
    'weir.run.id': runId,
    'weir.pipeline': searchAttributes['WeirPipeline']?.[0],
    'weir.interval': searchAttributes['WeirInterval']?.[0],
  };
}
