/** What is bundled with the workflows; the worker uses the plugin it belongs to. The build reads this list; paths are relative to this file. */
export const workflowInterceptorModules = ['./workflow-tracing.ts'];
