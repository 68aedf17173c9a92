-- What came in, by page and minute of its arrival: a grain holds whole minutes of that clock, so no minute is in two of them.
select
  site,
  page,
  date_trunc('minute', received_at) as minute,
  count(*) as clicks,
  count(distinct user_id) as users,
  count(*) filter (where action = 'purchase') as purchases,
  cast(coalesce(sum(amount), 0) as decimal(18, 2)) as revenue
from silver.clicks
group by site, page, date_trunc('minute', received_at)
