-- Every day from the first sale to the last, also those on which the shop is closed.
with days as (
  select first + number as date
  from (select min(day) as first, max(day) as last from silver.lines)
  cross join (select cast(100 * hundred + one as integer) as number from (select unnest(range(100)) as hundred) cross join (select unnest(range(100)) as one))
  where first + number <= last
)
select
  date,
  year(date) as year,
  quarter(date) as quarter,
  month(date) as month,
  weekofyear(date) as week,
  isodow(date) as weekday,
  isodow(date) > 5 as is_weekend
from days
