import { findReference } from './find-reference';

describe('place of a table in SQL', () => {
  test.each([
    ['select * from bronze.orders', 1, 15],
    ['select 1\nfrom\n  bronze.orders o', 3, 3],
    ['-- bronze.orders\nselect * from bronze.orders', 2, 15],
    ["select 'bronze.orders' from /* bronze.orders */ bronze.orders", 1, 49],
    ['select * from "bronze"."orders"', 1, 15],
    ['select * from bronze . orders', 1, 15],
    ['select * from bronze.orders_old join bronze.orders using (id)', 1, 38],
    ['select * from BRONZE.Orders', 1, 15],
    ['select * from silver.x', 1, 1],
  ])('in %j is %i:%i', (sql, line, column) => {
    expect(findReference(sql, 'bronze.orders')).toEqual({ line, column });
  });
});
