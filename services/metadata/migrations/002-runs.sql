-- Runs: what they pinned, what they hold, what their stages did and how they ended. Kinds, statuses and verdicts are the names of the wire.
create sequence fence;

create table run (
  -- Temporal's run id.
  run_id text collate "C" primary key,
  workflow_id text collate "C" not null,
  pipeline text collate "C" not null references pipeline,
  definition_version bigint not null,
  -- Canonical instants; null for pipelines without a grain and for refreshes.
  interval_start text collate "C",
  interval_end text collate "C",
  kind text not null check (kind in ('RUN_KIND_MANUAL', 'RUN_KIND_SCHEDULED', 'RUN_KIND_BACKFILL', 'RUN_KIND_REPLAY', 'RUN_KIND_REFRESH', 'RUN_KIND_RESTATEMENT')),
  status text not null default 'RUN_STATUS_RUNNING'
    check (status in ('RUN_STATUS_RUNNING', 'RUN_STATUS_SUCCEEDED', 'RUN_STATUS_FAILED', 'RUN_STATUS_DELIVERY_FAILED', 'RUN_STATUS_CANCELLED')),
  trace_id text not null,
  -- Grows with every run, so it also orders them.
  fence bigint not null unique default nextval('fence'),
  -- The newest snapshot when the run began.
  began_at_snapshot bigint not null,
  -- The snapshot that it published; null until then.
  snapshot bigint,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  -- From the latest attempts of its stages.
  accounts json,
  verdict text not null default 'VERDICT_UNSPECIFIED',
  score double precision,
  error json,
  foreign key (pipeline, definition_version) references definition (pipeline, version),
  check ((interval_start is null) = (interval_end is null)),
  check ((status = 'RUN_STATUS_RUNNING') = (ended_at is null))
);
create index run_by_workflow on run (workflow_id, fence);
create index run_by_pipeline on run (pipeline, fence);

-- What running runs hold: a partition has one holder until that run ends. No time limit: see docs/decisions/0003.
-- Without foreign keys: 10,000 rows come and go with a run, and only begin-run and finish-run write here.
create table lease (
  pipeline text collate "C" not null,
  -- The start of a grain, `all` without a grain, `history` for refreshes.
  partition text collate "C" not null,
  run_id text collate "C" not null,
  fence bigint not null,
  primary key (pipeline, partition)
);
create index lease_by_run on lease (run_id);

create table stage (
  run_id text collate "C" not null references run,
  stage text not null,
  attempt integer not null check (attempt > 0),
  status text not null check (status in ('STAGE_STATUS_SUCCEEDED', 'STAGE_STATUS_FAILED')),
  started_at timestamptz not null,
  milliseconds bigint not null,
  rows_in bigint not null,
  rows_out bigint not null,
  rows_quarantined bigint not null,
  details json not null,
  checks json not null,
  verdict text not null,
  score double precision,
  error json,
  accounts json,
  primary key (run_id, stage, attempt)
);
