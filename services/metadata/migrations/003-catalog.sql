-- The catalog: which segments hold which partitions in which snapshots. See docs/decisions/0002.
create table snapshot (
  pipeline text collate "C" not null references pipeline,
  number bigint not null check (number > 0),
  run_id text collate "C" not null unique references run,
  published_at timestamptz not null default clock_timestamp(),
  primary key (pipeline, number)
);

-- A file as one publish listed it. A raw file is addressed by its content, so the same path can be listed again, even by the same publish.
create table segment (
  dataset_id bigint not null references dataset,
  -- The snapshot that first had it.
  snapshot bigint not null,
  -- Place in the manifest: the order of source files.
  ordinal integer not null,
  path text not null,
  sha256 text not null,
  bytes bigint not null,
  rows bigint not null,
  -- How many partitions it holds.
  partitions integer not null,
  primary key (dataset_id, snapshot, ordinal)
);

-- One state of one partition: live in the snapshots from_snapshot <= S < to_snapshot.
create table partition_version (
  dataset_id bigint not null references dataset,
  partition text collate "C" not null,
  from_snapshot bigint not null,
  to_snapshot bigint check (to_snapshot > from_snapshot),
  rows bigint not null,
  -- Ordinals of the segments, all of them of from_snapshot; empty for a partition without rows.
  segments integer[] not null,
  primary key (dataset_id, partition, from_snapshot)
);
create unique index live_partition on partition_version (dataset_id, partition) where to_snapshot is null;

-- How far each source object was read, by the newest publish that read it.
create table position (
  pipeline text collate "C" not null references pipeline,
  source text collate "C" not null,
  -- Bytes, as text.
  value text not null,
  sha256 text not null,
  snapshot bigint not null,
  primary key (pipeline, source)
);
