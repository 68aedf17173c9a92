-- Rules of rows that a stage attempt saw broken, as weir.quality.v1.RuleCount.
alter table stage add column rules json not null default '[]';

-- Until now their numbers stood where others have the rows of models: with those that went on, which were none of a rule whose rows go to quarantine.
update stage set details = '[]', rules = (
  select coalesce(json_agg(json_build_object(
    'rule', d ->> 'name', 'rows', (d ->> 'rowsIn')::bigint, 'samples', json_build_array(),
    'severity', case when (d ->> 'rowsOut')::bigint = 0 then 'SEVERITY_CRITICAL' else 'SEVERITY_WARNING' end,
    'outcome', case when (d ->> 'rowsOut')::bigint = 0 then 'RULE_OUTCOME_QUARANTINE' else 'RULE_OUTCOME_NOTE' end
  )), '[]') from json_array_elements(details) d)
where stage = 'validate';
