/** What is bundled with the workflows; the worker uses the plugin it belongs to. The build reads this list. */
export const workflowInterceptorModules = ['@temporalio/interceptors-opentelemetry-v2/lib/workflow-interceptors'];
