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
      if (!span.name.startsWith('HandleQuery:')) target.onEnd({ ...span, attributes: described(span.name, span.attributes) });
    },
    forceFlush: () => target.forceFlush(),
    // The processor belongs to the process, which ends it itself.
    shutdown: () => Promise.resolve(),
  };
}

interface WorkflowAttributes {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  readonly searchAttributes: Readonly<Record<string, readonly string[]>>;
}

function described(name: string, { workflowId = '', runId = '', workflowType = '', searchAttributes = {} }: Partial<WorkflowAttributes>): ReadableSpan['attributes'] {
  const pipeline = searchAttributes['WeirPipeline']?.[0];
  // A backfill and an archive begin the trace of each of their runs. The span that does so belongs to the run, which has no id yet.
  if (name === 'StartChildWorkflow:pipelineRun') return { temporalWorkflowId: workflowId, 'weir.pipeline': pipeline, 'weir.backfill': workflowType === 'pipelineBackfill' ? workflowId : undefined };
  const backfill = searchAttributes['WeirBackfill']?.[0];
  return {
    temporalWorkflowId: workflowId,
    'weir.run.id': runId,
    'weir.pipeline': pipeline,
    'weir.interval': searchAttributes['WeirInterval']?.[0],
    'weir.backfill': backfill === 'none' ? undefined : backfill,
  };
}
