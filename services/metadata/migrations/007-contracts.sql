-- Versions of the contracts of datasets, as their compatibility is judged: each a dataset's part of a contract, numbered from 1, and a new one only where that part changed.
create table contract_version (
  pipeline text collate "C" not null,
  -- As the contract names it, such as orders.
  dataset text collate "C" not null,
  version bigint not null check (version > 0),
  -- The definition that it came with.
  definition_version bigint not null,
  body json not null,
  primary key (pipeline, dataset, version),
  foreign key (pipeline, definition_version) references definition (pipeline, version)
);

-- What was applied before there were versions.
insert into contract_version (pipeline, dataset, version, definition_version, body)
select pipeline, dataset, row_number() over (partition by pipeline, dataset order by definition_version), definition_version, body
from (
  select d.pipeline, e.body ->> 'name' as dataset, d.version as definition_version, e.body,
         lag(e.body::text) over (partition by d.pipeline, e.body ->> 'name' order by d.version) as before
  from definition d cross join lateral json_array_elements(d.body -> 'contract' -> 'datasets') e (body)
) entries
where before is distinct from body::text;
