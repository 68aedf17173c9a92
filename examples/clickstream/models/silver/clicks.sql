-- The newest version of every click of a person; one that turns out to be a robot's goes away.
select
  event_id,
  seq,
  site,
  user_id,
  page,
  action,
  happened_at,
  received_at,
  dwell_ms,
  amount,
  referrer
from bronze.click_events
where not robot
