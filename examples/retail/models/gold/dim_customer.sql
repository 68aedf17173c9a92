-- Customers by day, with the country of their last line of it; the table keeps a version for each change of country, and since when it holds.
select
  customer_id,
  arg_max(country, (invoice_date, line_id)) as country,
  day as since
from silver.lines
where customer_id is not null
group by customer_id, day
