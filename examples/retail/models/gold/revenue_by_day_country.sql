-- What was sold and what was taken back, by day and country; zero where there was none.
select
  day,
  country,
  count(distinct invoice_no) filter (where not is_cancellation) as orders,
  cast(coalesce(sum(quantity) filter (where not is_cancellation), 0) as bigint) as units,
  cast(coalesce(sum(total) filter (where not is_cancellation), 0) as decimal(18, 3)) as revenue,
  cast(coalesce(sum(total) filter (where is_cancellation), 0) as decimal(18, 3)) as cancelled_revenue
from silver.lines
group by day, country
