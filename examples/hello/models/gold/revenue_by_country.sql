select country, count(*) as orders, sum(amount) as revenue from bronze.orders group by country
