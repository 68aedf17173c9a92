/** What runs can be found by in the Temporal UI and with `temporal workflow list --query`. All are keywords. */
export const SEARCH_ATTRIBUTES = {
  pipeline: { name: 'WeirPipeline', type: 'KEYWORD' },
  interval: { name: 'WeirInterval', type: 'KEYWORD' },
  stage: { name: 'WeirStage', type: 'KEYWORD' },
  kind: { name: 'WeirRunKind', type: 'KEYWORD' },
  verdict: { name: 'WeirVerdict', type: 'KEYWORD' },
  /** running, paused, approval; of a backfill the state of its progress. */
  state: { name: 'WeirState', type: 'KEYWORD' },
  /** Workflow id of the backfill that a run is part of; `none` for live runs. */
  backfill: { name: 'WeirBackfill', type: 'KEYWORD' },
} as const;

/** Temporal sets it on what a schedule starts. */
export const SCHEDULED_START = { name: 'TemporalScheduledStartTime', type: 'DATETIME' } as const;
