-- Times of a service day go beyond 24:00:00, so they become seconds.
select
  trip_id,
  stop_sequence,
  stop_id,
  split_part(arrival_time, ':', 1)::bigint * 3600 + split_part(arrival_time, ':', 2)::bigint * 60 + split_part(arrival_time, ':', 3)::bigint as arrival_seconds
from bronze.stop_times
where arrival_time is not null
