-- The ten products that brought in most on each day; the lower stock code goes first among equals.
with products as (
  select
    day,
    stock_code,
    cast(sum(quantity) as bigint) as units,
    cast(sum(total) as decimal(18, 3)) as revenue
  from silver.lines
  where not is_cancellation
  group by day, stock_code
)
select
  day,
  row_number() over (partition by day order by revenue desc, stock_code) as rank,
  stock_code,
  units,
  revenue
from products
qualify rank <= 10
