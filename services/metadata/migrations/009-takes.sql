-- Sources that are read in sequence: what each interval took, pinned by the publish that took it, for ever. See docs/decisions/0025.
create table take (
  pipeline text collate "C" not null references pipeline,
  -- Canonical start and end of the interval: the same start with another end is another interval.
  partition text collate "C" not null,
  interval_end text collate "C" not null check (interval_end > partition),
  -- What is counted: `files`, or a column of ids as schema.table.column.
  source text collate "C" not null,
  -- As decimal text: how many files were taken since the beginning, or the greatest id; empty before the first.
  from_position text not null,
  to_position text not null,
  -- Of files: the name of the last that was taken so far; empty for none.
  newest text not null,
  left_files bigint not null check (left_files >= 0),
  more boolean not null,
  snapshot bigint not null,
  primary key (pipeline, partition),
  foreign key (pipeline, snapshot) references snapshot (pipeline, number)
);

create table taken_file (
  pipeline text collate "C" not null,
  -- Below the source's folder, or the key of an object.
  name text collate "C" not null,
  -- A file whose content changes is taken again, by a later interval.
  partition text collate "C" not null,
  -- The order in which the interval took its files.
  ordinal integer not null,
  bytes bigint not null,
  sha256 text not null,
  -- Tells without reading whether it may have changed; of the last version of a name only the newest that was seen with this content.
  stamp text not null,
  primary key (pipeline, name, partition),
  foreign key (pipeline, partition) references take
);
create unique index taken_file_by_interval on taken_file (pipeline, partition, ordinal);

-- What an extract from such a source took, as weir.data.v1.Take.
alter table stage add column take json;
