-- What collections of garbage leave behind: see docs/decisions/0007.
-- Snapshots below this one lack partitions that were replaced, so they cannot be read any more.
alter table pipeline add column forgotten_below bigint not null default 0 check (forgotten_below >= 0);

-- Files of partitions whose retention is over: a reader may have been given them until then, so they stay for a while. Replaced ones were given to nobody of late.
create table expired_file (
  pipeline text collate "C" not null references pipeline,
  -- Below the lake's root.
  path text collate "C" not null,
  expired_at timestamptz not null,
  primary key (pipeline, path)
);

-- Partitions that retention took while they were live, so that nobody takes them for missing. One that was published again since is live.
create table expired_partition (
  dataset_id bigint not null references dataset,
  partition text collate "C" not null,
  primary key (dataset_id, partition)
);
