/** What the worker registers: the bundle is built from this file. */
export { backfillPlan } from './backfill-plan';
export { compaction } from './compaction';
export { housekeeping } from './housekeeping';
export { pipelineBackfill } from './pipeline-backfill';
export { pipelineRun } from './pipeline-run';
export { pipelineStream } from './pipeline-stream';
export { quarantineReplay } from './quarantine-replay';
export { reconcile } from './reconcile';
export { refresh } from './refresh';
export { streamArchive } from './stream-archive';
