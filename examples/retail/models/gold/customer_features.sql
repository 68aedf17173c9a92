-- What is known of every customer over all days; cancellations lower what somebody spent, not how often they came.
select
  customer_id,
  min(invoice_date) as first_order_at,
  max(invoice_date) as last_order_at,
  count(distinct invoice_no) filter (where not is_cancellation) as frequency,
  cast(sum(total) as decimal(18, 3)) as monetary
from silver.lines
where customer_id is not null
group by customer_id
