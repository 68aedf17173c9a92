-- Runs over time: which run belongs to which backfill and repeats which other, what it read of other pipelines, and how each partition was left.
alter table run
  -- Workflow id of its backfill; empty for live runs.
  add column backfill text collate "C" not null default '',
  -- The run that it repeats; empty for a first try.
  add column retry_of text collate "C" not null default '',
  add column start_at text not null default 'RUN_START_SOURCE' check (start_at in ('RUN_START_SOURCE', 'RUN_START_RAW', 'RUN_START_DELIVERY')),
  -- What a run that begins with raw segments begins with: the output of the extract that staged them, pinned.
  add column raw json,
  add check ((start_at = 'RUN_START_RAW') = (raw is not null));
create index run_of_backfill on run (backfill, fence) where backfill <> '';
create index run_running on run (pipeline) where status = 'RUN_STATUS_RUNNING';

-- What extract staged, for a later run that begins with it.
alter table stage add column output json;

-- The source file's name as people see it; of raw segments only, and of those that were published since this column came.
alter table segment add column source text;

-- Datasets of other pipelines as a run reads them.
create table run_input (
  run_id text collate "C" not null references run,
  pipeline text collate "C" not null references pipeline,
  dataset text collate "C" not null,
  -- 0 when that pipeline had published nothing.
  snapshot bigint not null check (snapshot >= 0),
  primary key (run_id, pipeline, dataset)
);

-- The newest run that held a partition and ended; runs that were cancelled before they published left it as it was, and are not here.
-- So what happened to 10,000 grains is one range of this table, however many runs there were, narrow or wide.
create table outcome (
  pipeline text collate "C" not null references pipeline,
  partition text collate "C" not null,
  run_id text collate "C" not null references run,
  fence bigint not null,
  primary key (pipeline, partition)
);

-- What the runs before this table left.
insert into outcome (pipeline, partition, run_id, fence)
select distinct on (r.pipeline, p.partition) r.pipeline, p.partition, r.run_id, r.fence
from run r
join definition d on d.pipeline = r.pipeline and d.version = r.definition_version
cross join lateral (
  select to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as partition
  from generate_series(
    r.interval_start::timestamptz at time zone 'UTC',
    r.interval_end::timestamptz at time zone 'UTC' - (d.body ->> 'grain')::interval,
    (d.body ->> 'grain')::interval
  ) as at
  where r.interval_start is not null
  union all
  select case when r.kind = 'RUN_KIND_REFRESH' then 'history' else 'all' end where r.interval_start is null
) p
where r.status <> 'RUN_STATUS_RUNNING' and (r.status <> 'RUN_STATUS_CANCELLED' or r.snapshot is not null)
order by r.pipeline, p.partition, r.fence desc;

-- A backfill as its workflow last said it stands; one row for a workflow id, whatever was started under it before.
create table backfill (
  workflow_id text collate "C" primary key,
  -- Temporal's run id of its first execution.
  run_id text collate "C" not null,
  pipeline text collate "C" not null references pipeline,
  interval_start text collate "C" not null,
  interval_end text collate "C" not null,
  takes text not null check (takes in ('BACKFILL_ONLY_MISSING', 'BACKFILL_ONLY_FAILED', 'BACKFILL_ONLY_STALE', 'BACKFILL_ONLY_ALL')),
  direction text not null check (direction in ('BACKFILL_ORDER_OLDEST', 'BACKFILL_ORDER_NEWEST')),
  parallelism integer not null check (parallelism > 0),
  status text not null
    check (status in ('BACKFILL_STATUS_RUNNING', 'BACKFILL_STATUS_PAUSED', 'BACKFILL_STATUS_DONE', 'BACKFILL_STATUS_CANCELLED', 'BACKFILL_STATUS_FAILED')),
  reason text not null,
  selected bigint not null,
  succeeded bigint not null,
  failed bigint not null,
  cancelled bigint not null,
  skipped bigint not null,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  check ((status in ('BACKFILL_STATUS_RUNNING', 'BACKFILL_STATUS_PAUSED')) = (ended_at is null))
);
create index backfill_by_start on backfill (started_at);
