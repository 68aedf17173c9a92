-- A row in quarantine has one life, whatever contracts judge it: its place in its source is its key, and the newest contract that refused it is a fact about it (docs/decisions/0019).
delete from quarantined_row older using quarantined_row newer
where older.pipeline = newer.pipeline and older.stage = newer.stage and older.file = newer.file and older.id < newer.id
  and ((older.sha256 = newer.sha256 and older.byte_offset = newer.byte_offset)
    or (older.sha256 is null and newer.sha256 is null and older.line = newer.line and older.record_timestamp = newer.record_timestamp));

do $$
declare name text;
begin
  select conname into strict name from pg_constraint where conrelid = 'quarantined_row'::regclass and contype = 'u';
  execute format('alter table quarantined_row drop constraint %I', name);
end $$;
drop index quarantined_record;

alter table quarantined_row
  add constraint quarantined_row_place_key unique (pipeline, file, sha256, byte_offset, stage),
  drop constraint quarantined_row_status_check,
  -- replayed: a published run admitted it. superseded: its file was read again with other bytes.
  add constraint quarantined_row_status_check check (status in ('open', 'replayed', 'dropped', 'superseded')),
  -- The judgement that refused it last; 0 for what no run refused: micro-batches, and rows of a time before judgements were recorded.
  add column judgement bigint not null default 0,
  -- Who brought it to its state, when and why; null while it is as it came. A run did where there is one.
  add column status_at timestamptz,
  add column status_by text,
  add column status_why text,
  add column status_run text;
create unique index quarantined_record on quarantined_row (pipeline, file, line, record_timestamp, stage) where sha256 is null;
create index quarantined_row_by_status on quarantined_row (pipeline, status, partition, id);

-- One validation of a run's raw segments. Rows that it refused name it; what else it read it admitted, which holds once the run has published.
create table judgement (
  id bigint generated always as identity primary key,
  pipeline text not null,
  run_id text not null,
  contract_version text not null,
  manifest text not null,
  manifest_sha256 text not null,
  judged_at timestamptz not null default now(),
  -- When the run had published and its rows were brought to their states.
  settled_at timestamptz,
  unique (pipeline, run_id)
);

-- What people did: the audit. Rows are never changed by a person without an entry here.
create table quarantine_action (
  id bigint generated always as identity primary key,
  pipeline text not null,
  action text not null check (action in ('replay', 'drop')),
  asked_by text not null,
  reason text not null,
  -- As it was asked for, JSON.
  filter json not null,
  -- The newest when it began.
  contract_version text not null,
  -- Of a replay: its workflow. One execution of it has one entry.
  workflow_id text not null default '',
  execution_id text unique,
  open_before bigint not null,
  open_after bigint,
  -- That became replayed or dropped.
  changed bigint not null default 0,
  runs bigint not null default 0,
  -- The first thousand.
  run_ids text[] not null default '{}',
  status text not null check (status in ('running', 'done', 'failed', 'cancelled')),
  began_at timestamptz not null default now(),
  ended_at timestamptz
);
create index quarantine_action_by_pipeline on quarantine_action (pipeline, id);

-- What became of a row, one entry a change.
create table quarantine_event (
  row_id bigint not null,
  at timestamptz not null default now(),
  status text not null,
  changed_by text not null default '',
  why text not null default '',
  run_id text not null default '',
  contract_version text not null default '',
  action_id bigint
);
create index quarantine_event_by_row on quarantine_event (row_id, at);
create index quarantine_event_by_run on quarantine_event (run_id);
