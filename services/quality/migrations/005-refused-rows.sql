-- Rows that tables of destinations refused, stage load. They are told apart as in their table: by its row id, and its partition where it has one; file and line say where they come from.
alter table quarantined_row
  drop constraint quarantined_row_place_check,
  -- Connection and table, such as "warehouse/shop.orders".
  add column table_name text,
  add column row_id uuid,
  add column table_partition text,
  -- When the destination said so, in microseconds since 1970: what it said earlier does not count any more.
  add column changed bigint not null default 0,
  add constraint quarantined_row_place_check check (case when stage = 'load'
    then table_name is not null and row_id is not null and table_partition is not null and sha256 is null and record_timestamp is null
    else (sha256 is null) = (record_timestamp is not null) and (sha256 is null) = (byte_offset is null) end);
create unique index quarantined_row_of_table on quarantined_row (pipeline, table_name, row_id, table_partition) where stage = 'load';
