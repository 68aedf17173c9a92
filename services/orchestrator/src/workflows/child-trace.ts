/**
 * The traces that the children of this workflow began, by workflow id: the interceptor writes them as it sends the start, the
 * workflow takes them. Every workflow has its own copy of this module.
 */
const started = new Map<string, string>();

/** Keeps the trace of a child that is being started, as a W3C traceparent. */
export function keepChildTrace(workflowId: string, traceparent: string): void {
  started.set(workflowId, traceparent);
}

/** Gives the trace of a child once; undefined where the worker does not trace. */
export function takeChildTrace(workflowId: string): string | undefined {
  const traceparent = started.get(workflowId);
  started.delete(workflowId);
  return traceparent;
}
