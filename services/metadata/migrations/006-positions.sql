-- Positions of sources that are read in sequence: a value that publishes move from and to, without a content.
alter table position alter column sha256 drop not null;
