-- Since when a source that is read in sequence counts anew: what was taken up to this interval stays pinned, and is no longer where the next one goes on. See docs/decisions/0025.
create table source_reset (
  pipeline text collate "C" primary key references pipeline,
  -- The newest interval that had taken something.
  partition text collate "C" not null,
  reset_at timestamptz not null default now(),
  reset_by text not null
);
