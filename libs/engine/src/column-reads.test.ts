import { isSqlProblem } from '@weir/core';
import { columnReads } from './column-reads';
import { describeModel } from './describe-model';

const ORDERS = ['id', 'customer', 'amount', 'country', 'placed_at'];
const INPUTS = new Map([
  ['bronze.orders', ORDERS],
  ['silver.customers', ['customer', 'name', 'country', 'amount_due']],
  ['shop.rates', ['country', 'rate']],
]);

/** What is read, as `orders.amount` (`?` for what may be read), and its columns of the model after `>`. */
async function readsOf(sql: string, inputs: ReadonlyMap<string, readonly string[]> = INPUTS): Promise<string[]> {
  const reads = await columnReads(sql, inputs);
  if (isSqlProblem(reads)) throw new Error(reads.message);
  return reads.map(({ input, name, certain, outputs }) => `${input.split('.')[1]}.${name}${certain ? '' : '?'}${outputs.length > 0 ? ` > ${outputs.join(' ')}` : ''}`).sort();
}

test.each<[string, string, string[]]>([
  ['a bare name', 'select amount from bronze.orders', ['orders.amount > amount']],
  ['a name in capitals', 'select AMOUNT as a from bronze.orders', ['orders.amount > a']],
  ['a name by its table', 'select orders.amount as a from bronze.orders', ['orders.amount > a']],
  ['a name by its schema and table', 'select bronze.orders.amount as a from bronze.orders', ['orders.amount > a']],
  ['a name by an alias', 'select o.amount as a from bronze.orders o', ['orders.amount > a']],
  ['columns that an alias names anew', 'select a, c from bronze.orders o(a, b, c)', ['orders.amount > c', 'orders.id > a']],
  ['a filter', 'select 1 as one from bronze.orders where amount > 0', ['orders.amount']],
  ['groups, aggregates and filters of them', 'select country, sum(amount) filter (where id > 0) as total from bronze.orders group by country having max(placed_at) > 0', ['orders.amount > total', 'orders.country > country', 'orders.id > total', 'orders.placed_at']],
  ['a window and what qualifies', 'select id, row_number() over (partition by customer order by placed_at) as n from bronze.orders qualify n = 1', ['orders.customer > n', 'orders.id > id', 'orders.placed_at > n']],
  ['an order', 'select id from bronze.orders order by amount limit 3', ['orders.amount', 'orders.id > id']],
  ['an order by all', 'select id from bronze.orders order by all', ['orders.id > id']],
  ['a star', 'select * from bronze.orders', ['orders.amount > amount', 'orders.country > country', 'orders.customer > customer', 'orders.id > id', 'orders.placed_at > placed_at']],
  ['a star without some', 'select * exclude (id, country, customer) from bronze.orders', ['orders.amount > amount', 'orders.placed_at > placed_at']],
  ['a star that replaces and renames', 'select * exclude (id, country, customer) replace (amount + id as amount) rename (placed_at as day) from bronze.orders', ['orders.amount > amount', 'orders.id > amount', 'orders.placed_at > day']],
  ['a star of one table', 'select r.* from bronze.orders o join shop.rates r on o.country = r.country', ['orders.country', 'rates.country > country', 'rates.rate > rate']],
  ['nothing of a star that only counts', 'select count(*) as n from bronze.orders', []],
  ['names of two tables that only one has', 'select amount, rate from bronze.orders join shop.rates on true', ['orders.amount > amount', 'rates.rate > rate']],
  ['a join USING', 'select id, country from bronze.orders join shop.rates using (country)', ['orders.country > country', 'orders.id > id', 'rates.country > country']],
  ['a natural join', 'select id from bronze.orders natural join shop.rates', ['orders.country', 'orders.id > id', 'rates.country']],
  ['what is asked of a CTE, not all that it gives', 'with o as (select * from bronze.orders) select o.amount as a from o', ['orders.amount > a']],
  ['what a CTE names anew', 'with o as (select amount * 2 as twice, id from bronze.orders) select twice from o', ['orders.amount > twice', 'orders.id']],
  ['a CTE of the name of another table', 'with rates as (select amount as rate from bronze.orders) select rate from rates', ['orders.amount > rate']],
  ['a recursive CTE', 'with recursive r as (select id, amount from bronze.orders union all select id + 1, amount from r where id < 9) select amount from r', ['orders.amount > amount', 'orders.id']],
  ['a sub-select', 'select x.a from (select amount as a, country from bronze.orders) x', ['orders.amount > a', 'orders.country']],
  ['a sub-select that knows the outer row', 'select id, (select max(rate) from shop.rates where rates.country = o.country) as rate from bronze.orders o', ['orders.country', 'orders.id > id', 'rates.country', 'rates.rate > rate']],
  ['a bare name that only the outer row has', 'select id, (select max(rate) from shop.rates where id > 0) as rate from bronze.orders', ['orders.id > id', 'rates.rate > rate']],
  ['what exists', 'select id from bronze.orders o where exists (select * from shop.rates r where r.country = o.country)', ['orders.country', 'orders.id > id', 'rates.country']],
  ['what is in a list', 'select id from bronze.orders where customer in (select customer from silver.customers)', ['customers.customer', 'orders.customer', 'orders.id > id']],
  ['a lateral sub-select', 'select b from bronze.orders o, lateral (select o.amount + 1 as b) x', ['orders.amount > b']],
  ['a union, by place', 'select id as x from bronze.orders union all select name from silver.customers', ['customers.name > x', 'orders.id > x']],
  ['a union by name', 'select id, country from bronze.orders union all by name select country, rate from shop.rates', ['orders.country > country', 'orders.id > id', 'rates.country > country', 'rates.rate > rate']],
  ['all of a union that drops twins', 'with u as (select * exclude (id, customer, placed_at) from bronze.orders union select rate, country from shop.rates) select 1 as one from u', ['orders.amount', 'orders.country', 'rates.country', 'rates.rate']],
  ['all of a distinct', 'with d as (select distinct id, amount from bronze.orders) select count(*) as n from d', ['orders.amount', 'orders.id']],
  ['an alias of the same SELECT', 'select amount * 2 as a, a + 1 as b from bronze.orders', ['orders.amount > a b']],
  ['a column before an alias of its name', 'select id as amount, amount + 1 as b from bronze.orders', ['orders.amount > b', 'orders.id > amount']],
  ['no parameters of lambdas', "select list_transform(string_split(country, ','), lambda amount: upper(amount) || customer)::varchar as l from bronze.orders", ['orders.country > l', 'orders.customer > l']],
  ['JSON', "select customer ->> '$.name' as name from bronze.orders", ['orders.customer > name']],
  ['a function after its value', 'select customer.upper() as name from bronze.orders', ['orders.customer > name']],
  ['values', 'select v.a, id from bronze.orders, (values (1), (2)) v(a)', ['orders.id > id']],
  ['some of the columns', "select columns('a.*') from bronze.orders", ['orders.amount?', 'orders.country?', 'orders.customer?', 'orders.id?', 'orders.placed_at?']],
  ['a pivot', "select * from (select country, amount, id from bronze.orders) pivot (sum(amount) for country in ('AT'))", ['orders.amount', 'orders.country', 'orders.id']],
])('reads %s', async (_what, sql, expected) => {
  expect((await readsOf(sql)).map((read) => (sql.includes('columns(') ? read.replace(/ >.*/, '') : read))).toEqual(expected);
});

test('a bare name that two inputs may have is one that may be read', async () => {
  const some = new Map([['bronze.orders', ['id']]]);
  expect(await readsOf('select rate, o.amount, r.country from shop.rates r, bronze.orders o', some)).toEqual(['rates.country > country', 'rates.rate > rate']);
  expect(await readsOf('select rate, id from shop.rates, silver.customers, bronze.orders', some)).toEqual(['customers.rate? > rate', 'orders.id > id', 'rates.rate? > rate']);
});

test('the place is the first one that asks, in lines and columns', async () => {
  const reads = await columnReads('-- Grüße\nselect\n  country,\n  sum(amount) as total\nfrom bronze.orders\nwhere amount > 0\ngroup by country', INPUTS);
  expect(reads).toEqual([
    { input: 'bronze.orders', name: 'country', certain: true, outputs: ['country'], line: 3, column: 3 },
    { input: 'bronze.orders', name: 'amount', certain: true, outputs: ['total'], line: 4, column: 7 },
  ]);
});

test('what is no model is a problem', async () => {
  expect(await columnReads('drop table bronze.orders', INPUTS)).toMatchObject({ code: 'FORBIDDEN_SQL' });
});

// The oracle is the engine's binder: a model that reads a column cannot be bound without it, one that does not can.
test.each([
  'select o.id, c.name, sum(o.amount) as total from bronze.orders o left join silver.customers c using (customer) where o.placed_at is not null group by all',
  'with big as (select * from bronze.orders where amount > 10), named as (select b.*, c.name from big b join silver.customers c on c.customer = b.customer) select name, count(*) as n from named group by name',
  'select id, amount * (select max(rate) from shop.rates r where r.country = o.country) as worth from bronze.orders o order by placed_at',
  'select country, rate from shop.rates where country in (select orders.country from bronze.orders union select customers.country from silver.customers where amount_due > 0)',
])('agrees with the binder on which columns %s needs', async (sql) => {
  const typed = (without?: string) => new Map([...INPUTS].map(([input, columns]) => [input, columns.filter((name) => `${input}.${name}` !== without).map((name) => ({ name, type: name === 'placed_at' || name === 'customer' || name === 'country' || name === 'name' ? ('VARCHAR' as const) : ('BIGINT' as const) }))]));
  const used = new Map([...typed()].filter(([input]) => sql.includes(input)));
  expect(isSqlProblem(await describeModel(sql, used))).toBe(false);
  const reads = new Set((await readsOf(sql)).map((read) => read.replace(/ >.*/, '')));
  for (const [input, columns] of used) {
    for (const { name } of columns) {
      const without = new Map([...typed(`${input}.${name}`)].filter(([one]) => sql.includes(one)));
      expect([`${input}.${name}`, isSqlProblem(await describeModel(sql, without))]).toEqual([`${input}.${name}`, reads.has(`${input.split('.')[1]}.${name}`)]);
    }
  }
});
