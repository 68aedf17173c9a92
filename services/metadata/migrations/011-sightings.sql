-- When the source was last seen to have a file that was taken, to the day: names that it has not had for long are forgotten. See docs/decisions/0025.
alter table taken_file add column seen_at timestamptz not null default now();
