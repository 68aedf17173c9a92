-- Products under the name that they were last sold by; lines without a description change nothing.
select
  stock_code,
  arg_max(description, (invoice_date, line_id)) as description,
  max(invoice_date) filter (where description is not null) as described_at
from silver.lines
group by stock_code
