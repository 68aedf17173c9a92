/** What the worker registers: the bundle is built from this file. */
export { pipelineRun } from './pipeline-run';
export { refresh } from './refresh';
