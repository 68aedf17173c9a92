-- Records of logs are set aside too. They have no file to find them in again: their place is topic, partition and offset (`file` is `clicks:3`, `line` the offset),
-- and the timestamp, because the offsets of a topic that was made anew begin again.
alter table quarantined_row
  alter column sha256 drop not null,
  alter column byte_offset drop not null,
  alter column byte_length drop not null,
  drop constraint quarantined_row_line_check,
  add constraint quarantined_row_line_check check (line >= 0),
  drop constraint quarantined_row_check,
  -- A tombstone has no original at all.
  add constraint quarantined_row_original_check check (original is null or original_path is null),
  add constraint quarantined_row_place_check check ((sha256 is null) = (record_timestamp is not null) and (sha256 is null) = (byte_offset is null)),
  add column record_timestamp bigint,
  add column key bytea,
  -- JSON as text: a header may hold what jsonb does not take.
  add column headers text,
  add column traceparent text;
create unique index quarantined_record on quarantined_row (pipeline, file, line, record_timestamp, contract_version, stage) where sha256 is null;
