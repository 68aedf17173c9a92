-- Rows that a contract did not admit. The key is the place of the row in its source and the contract that judged it,
-- so validating the same file again finds the same row here instead of adding it.
create table quarantined_row (
  id bigint generated always as identity primary key,
  pipeline text not null,
  file text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  byte_offset bigint not null check (byte_offset >= 0),
  byte_length bigint not null check (byte_length >= 0),
  line bigint not null check (line > 0),
  contract_version text not null,
  stage text not null,
  dataset text not null,
  partition text not null,
  run_id text not null,
  rules text[] not null check (cardinality(rules) > 0),
  reason text not null,
  -- Up to 64 KiB here, larger ones as an object in the lake.
  original bytea,
  original_path text,
  status text not null default 'open' check (status in ('open', 'replayed', 'dropped')),
  quarantined_at timestamptz not null default now(),
  check ((original is null) <> (original_path is null)),
  unique (pipeline, file, sha256, byte_offset, contract_version, stage)
);
create index quarantined_row_by_run on quarantined_row (pipeline, run_id, id);

-- read = admitted + duplicate + quarantined + filtered, for each partition of a run.
create table account (
  pipeline text not null,
  run_id text not null,
  partition text not null,
  read bigint not null,
  admitted bigint not null,
  duplicate bigint not null,
  quarantined bigint not null,
  filtered bigint not null,
  recorded_at timestamptz not null default now(),
  primary key (pipeline, run_id, partition),
  check (read = admitted + duplicate + quarantined + filtered)
);
