/** Types of what starts and watches runs: the command line is checked against them and loads nothing of this service's code. */
export type { PlannedGrain } from './activities/plan-backfill';
export type { ReconciledSchedule } from './activities/reconcile-schedules';
export type { HeartbeatProgress } from './activities/shapes';
export type { ScheduleChange } from './schedules';
export type { TASK_QUEUE } from './worker';
export type { BackfillPlan, backfillPlan } from './workflows/backfill-plan';
export type { BackfillProgress, IntervalReasonWord, ReasonCounts } from './workflows/backfill-progress';
export type { BackfillInput, BackfillOnlyWord, BackfillOrderWord } from './workflows/backfill-request';
export type { housekeeping, HousekeepingEntry, HousekeepingResult } from './workflows/housekeeping';
export type { HousekeepingInput } from './workflows/housekeeping-request';
export type { HandInput, HandWord } from './workflows/messages';
export type { pipelineBackfill } from './workflows/pipeline-backfill';
export type { pipelineRun, RunResult } from './workflows/pipeline-run';
export type { RunProgress, StageProgress } from './workflows/progress';
export type { reconcile } from './workflows/reconcile';
export type { PipelineRunInput, RunKindWord, RunStartWord } from './workflows/request';
