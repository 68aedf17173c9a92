-- Compaction: other files hold the same partitions, in the same snapshots. See docs/decisions/0026.
-- Which snapshot the ordinals of a version's segments are of; null: the one that published it. Files that a compaction wrote are numbered after those of the newest snapshot of that time.
alter table partition_version add column segments_of bigint;

alter table segment
  -- Written by a compaction: sorted, of one day, under a path that says which.
  add column compacted boolean not null default false,
  -- As weir.metadata.v1.ZoneMap; null where nothing is known.
  add column zone_map json;

comment on table expired_file is 'Files that no partition needs any more, because its retention is over or a compaction wrote others: a reader may have been given them until then, so they stay for a while.';
