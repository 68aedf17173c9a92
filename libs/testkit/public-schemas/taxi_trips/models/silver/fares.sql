-- Amounts are floating numbers in the files; as decimals their sum is the same in every run.
select payment_type as paid_by, count(*) as trips, sum(total_amount::decimal(12, 2)) as amount
from bronze.trips
group by all
