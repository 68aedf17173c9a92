/** Types of what starts and watches runs: the command line is checked against them and loads nothing of this service's code. */
export type { HeartbeatProgress } from './activities/shapes';
export type { TASK_QUEUE } from './worker';
export type { pipelineRun, RunResult } from './workflows/pipeline-run';
export type { RunProgress, StageProgress } from './workflows/progress';
export type { PipelineRunInput, RunKindWord } from './workflows/request';
