import { ROOT_CONTEXT, context } from '@opentelemetry/api';
import { interceptors as openTelemetry } from '@temporalio/interceptors-opentelemetry-v2/lib/workflow-interceptors';
import { defaultPayloadConverter, workflowInfo, type WorkflowInterceptors, type WorkflowOutboundCallsInterceptor } from '@temporalio/workflow';
import { keepChildTrace } from './workflows/child-trace';

const TRACE_HEADER = '_tracer-data';
/** They link to the traces of their runs. */
const LINKING: ReadonlySet<string> = new Set(['pipelineBackfill', 'quarantineReplay']);
const LONG: ReadonlySet<string> = new Set([...LINKING, 'pipelineStream', 'streamArchive']);

/**
 * Tracing of workflows: the package's interceptors, and around them what keeps backfills, replays and streams of any length readable. Each of their
 * runs is a trace of its own, which a backfill or replay links to, and each execution in their chain begins a new trace.
 */
export function interceptors(): WorkflowInterceptors {
  const { inbound = [], outbound = [], internals = [] } = openTelemetry();
  return { inbound, internals, outbound: [ownRoots, ...outbound, keptTraces] };
}

/** Outside of the package's: the span that it opens for a start has no parent. */
const ownRoots: WorkflowOutboundCallsInterceptor = {
  startChildWorkflowExecution: (input, next) => asRoot(() => next(input)),
  continueAsNew: (input, next) => asRoot(() => next(input)),
};

/** Inside of the package's: the header that goes to the child is there. */
const keptTraces: WorkflowOutboundCallsInterceptor = {
  startChildWorkflowExecution: (input, next) => {
    const header = input.headers[TRACE_HEADER];
    const { traceparent } = header ? defaultPayloadConverter.fromPayload<{ traceparent?: string }>(header) : {};
    if (traceparent && LINKING.has(workflowInfo().workflowType)) keepChildTrace(input.options.workflowId, traceparent);
    return next(input);
  },
};

function asRoot<T>(body: () => T): T {
  return LONG.has(workflowInfo().workflowType) ? context.with(ROOT_CONTEXT, body) : body();
}
