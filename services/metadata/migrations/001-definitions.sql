-- Pipelines and their compiled definitions. A pipeline's row is also the lock that puts its begins, publishes and ends in order.
create table pipeline (
  name text collate "C" primary key,
  -- Newest version of the definition.
  version bigint not null check (version > 0),
  -- Newest published snapshot; 0 before the first.
  snapshot bigint not null default 0 check (snapshot >= 0)
);

-- json, not jsonb: the text comes back as it was stored, and strings may hold \u0000.
create table definition (
  pipeline text collate "C" not null references pipeline,
  version bigint not null check (version > 0),
  body json not null,
  applied_at timestamptz not null default clock_timestamp(),
  primary key (pipeline, version)
);

-- All datasets that any version of the pipeline has had.
create table dataset (
  id bigint generated always as identity primary key,
  pipeline text collate "C" not null references pipeline,
  -- Qualified, such as silver.lines.
  name text collate "C" not null check (name ~ '^(raw|bronze|silver|gold)\.'),
  unique (pipeline, name)
);
