-- What was bought, as it happens.
select
  event_id,
  seq,
  site,
  user_id,
  happened_at,
  amount
from silver.clicks
where action = 'purchase'
