-- Everybody who was seen, by the visitors' own clocks: late clicks count where they belong.
select
  site,
  user_id,
  min(happened_at) as first_visit,
  max(happened_at) as last_visit,
  count(*) as clicks,
  count(*) filter (where action = 'purchase') as purchases,
  cast(coalesce(sum(amount), 0) as decimal(18, 2)) as spent
from silver.clicks
group by site, user_id
