-- Every admitted line with what follows from it.
select
  _weir_row_id as line_id,
  invoice_no,
  stock_code,
  description,
  quantity,
  invoice_date,
  unit_price,
  customer_id,
  country,
  cast(quantity * unit_price as decimal(18, 3)) as total,
  invoice_no like 'C%' as is_cancellation,
  cast(invoice_date as date) as day
from bronze.order_lines
