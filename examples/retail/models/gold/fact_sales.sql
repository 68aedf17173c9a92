-- The facts of the star: every admitted line, with the keys of its dimensions. A cancellation is a line of its own that takes back.
select
  line_id as sale_id,
  day as date,
  stock_code,
  customer_id,
  invoice_no,
  invoice_date as sold_at,
  quantity,
  unit_price,
  total,
  is_cancellation
from silver.lines
