import { isSqlProblem } from '@weir/core';
import { inspectModel } from './parse-model';

/** `code line:column message` of a problem; the inputs otherwise. */
async function outcome(sql: string): Promise<string> {
  const model = await inspectModel(sql);
  return isSqlProblem(model) ? `${model.code} ${model.line}:${model.column} ${model.message}` : model.inputs.join(' ');
}

describe('inspectModel: what a model reads', () => {
  it.each([
    ['select a from bronze.x', 'bronze.x'],
    ['from bronze.x', 'bronze.x'],
    ['select a from bronze.x;', 'bronze.x'],
    ['select a from silver.y join bronze.x using (k) where exists (from gold.z)', 'silver.y bronze.x gold.z'],
    ['select (select max(a) from bronze.x) from bronze.x x1, bronze.x x2', 'bronze.x'],
    ['select a from bronze.x union all (select b from silver.y order by 1 limit 3)', 'bronze.x silver.y'],
    ['with s as (select * from bronze.x), t as (from s) select * from t', 'bronze.x'],
    ['with X as (from bronze.x) select * from x', 'bronze.x'],
    ['with x as (select 1 as a) select * from bronze.x', 'bronze.x'],
    ['with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select * from r', ''],
    ['select * from (values (1), (2)) v(a)', ''],
    ['select 1 as a', ''],
    ['select c.a from shop.x c join silver.x on c.a = x.a', 'shop.x silver.x'],
    ['select a from bronze.x where a in (select a from bronze.x)', 'bronze.x'],
    ['select _weir_row_id as id, x._weir_position as place from bronze.x', 'bronze.x'],
    ['select * from bronze.x pivot (sum(b) for a in (1, 2))', 'bronze.x'],
    ["select 'ü', '_weir is fine in a text', a from bronze.x", 'bronze.x'],
  ])('%s', async (sql, inputs) => {
    expect(await outcome(sql)).toBe(inputs);
  });

  it('does not let a CTE hide a table outside of its own query', async () => {
    expect(await outcome('select * from (with s as (from bronze.x) from s) q, s')).toBe('bronze.x s');
    expect(await outcome('with s as (from s) from s')).toBe('s');
    expect(await outcome('with a as (from b), b as (select 1 as n) from a')).toBe('b');
  });
});

describe('inspectModel: what is refused, and where', () => {
  it.each([
    ['', 'INVALID_SQL 1:1 The SQL is empty.'],
    ['select silver.x.a from silver.x join shop.X on silver.x.a = shop.x.a', 'INVALID_SQL 1:38 `silver.x` and `shop.X` would both be called `x`; give one another name, such as: shop.X as other_x.'],
    ['select a from bronze.y where a in (select a from shop.y)', 'INVALID_SQL 1:50 `bronze.y` and `shop.y` would both be called `y`; give one another name, such as: shop.y as other_y.'],
    ['select a from information_schema.tables', "FORBIDDEN_SQL 1:15 `information_schema` is a schema of the engine's own; a pipeline of this name cannot be read."],
    ['-- nothing', 'INVALID_SQL 1:1 The SQL is empty.'],
    ['select a,\n  fro bronze.x', 'INVALID_SQL 2:13 Syntax error at or near ".".'],
    ["select 'ä',\n 'open", 'INVALID_SQL 2:2 Unterminated quoted string at or near "\'open".'],
    ['select 1; select 2', 'FORBIDDEN_SQL 1:1 There are 2 statements; a model is exactly one SELECT.'],
    ['insert into bronze.x values (1)', 'FORBIDDEN_SQL 1:1 This is not a SELECT; a model is exactly one SELECT.'],
    ["copy (select 1) to 'x.csv'", 'FORBIDDEN_SQL 1:1 This is not a SELECT; a model is exactly one SELECT.'],
    ["attach 'x.db'", 'FORBIDDEN_SQL 1:1 This is not a SELECT; a model is exactly one SELECT.'],
    ['set threads = 9', 'FORBIDDEN_SQL 1:1 This is not a SELECT; a model is exactly one SELECT.'],
    ['pragma version', 'FORBIDDEN_SQL 1:1 This is not a SELECT; a model is exactly one SELECT.'],
    ['install httpfs', 'FORBIDDEN_SQL 1:1 This is not a SELECT; a model is exactly one SELECT.'],
    ["load 'x'", 'FORBIDDEN_SQL 1:1 This is not a SELECT; a model is exactly one SELECT.'],
    ['explain select 1', 'FORBIDDEN_SQL 1:1 This is not a SELECT; a model is exactly one SELECT.'],
    ['call pragma_version()', 'FORBIDDEN_SQL 1:1 This is not a SELECT; a model is exactly one SELECT.'],
    ['show tables', 'FORBIDDEN_SQL 1:1 Only datasets, sub-selects, joins and VALUES can be read.'],
    ['describe bronze.x', 'FORBIDDEN_SQL 1:1 Only datasets, sub-selects, joins and VALUES can be read.'],
    ['summarize bronze.x', 'FORBIDDEN_SQL 1:1 Only datasets, sub-selects, joins and VALUES can be read.'],
    ["select *\nfrom read_csv('/etc/passwd')", 'FORBIDDEN_SQL 2:6 `read_csv` is a table function; a model reads declared datasets only.'],
    ["select * from bronze.x, glob('/etc/*')", 'FORBIDDEN_SQL 1:25 `glob` is a table function; a model reads declared datasets only.'],
    ["select * from bronze.x where a in (select content from read_text('/etc/passwd'))", 'FORBIDDEN_SQL 1:56 `read_text` is a table function; a model reads declared datasets only.'],
    ["with f as (from query('select 1')) from f", 'FORBIDDEN_SQL 1:17 `query` is a table function; a model reads declared datasets only.'],
    ["from (pivot (from read_blob('/etc/passwd')) on a in (1) using count(*))", 'FORBIDDEN_SQL 1:19 `read_blob` is a table function; a model reads declared datasets only.'],
    ["from 'x.csv'", 'FORBIDDEN_SQL 1:6 `x.csv` looks like a file; a model reads declared datasets only.'],
    ["from 's3://bucket/x'", 'FORBIDDEN_SQL 1:6 `s3://bucket/x` looks like a file; a model reads declared datasets only.'],
    ['select * from memory.main.x', 'FORBIDDEN_SQL 1:15 `memory.main.x` is in another catalog; write a dataset as zone.name.'],
    ["select 'äöü€😀', random()", 'FORBIDDEN_SQL 1:18 `random` does not give the same value twice; a model depends on its inputs only.'],
    ['select random() from bronze.x', 'FORBIDDEN_SQL 1:8 `random` does not give the same value twice; a model depends on its inputs only.'],
    ['select a from bronze.x order by UUID()', 'FORBIDDEN_SQL 1:33 `uuid` does not give the same value twice; a model depends on its inputs only.'],
    ['select main.now() from bronze.x', 'FORBIDDEN_SQL 1:8 `now` does not give the same value twice; a model depends on its inputs only.'],
    ['select current_date from bronze.x', 'FORBIDDEN_SQL 1:8 `current_date` does not give the same value twice; a model depends on its inputs only.'],
    ['select CURRENT_TIMESTAMP from bronze.x', 'FORBIDDEN_SQL 1:8 `CURRENT_TIMESTAMP` does not give the same value twice; a model depends on its inputs only.'],
    ["select getenv('HOME')", 'FORBIDDEN_SQL 1:8 `getenv` does not give the same value twice; a model depends on its inputs only.'],
    ["select current_setting('temp_directory')", 'FORBIDDEN_SQL 1:8 `current_setting` does not give the same value twice; a model depends on its inputs only.'],
    ["select nextval('s')", 'FORBIDDEN_SQL 1:8 `nextval` does not give the same value twice; a model depends on its inputs only.'],
    ['select * from bronze.x using sample 10', 'FORBIDDEN_SQL 1:1 A sample is not the same twice.'],
    ['select * from bronze.x tablesample 10%', 'FORBIDDEN_SQL 1:15 A sample is not the same twice.'],
    ['select ? from bronze.x', 'FORBIDDEN_SQL 1:1 A model has no parameters.'],
    ['select $1 from bronze.x', 'FORBIDDEN_SQL 1:1 A model has no parameters.'],
    ['select $name from bronze.x', 'FORBIDDEN_SQL 1:1 A model has no parameters.'],
    ['select _weir_partition from bronze.x', 'INVALID_SQL 1:8 `_weir_partition`: names that begin with _weir are Weir\'s own.'],
    ['select a as _weir_row_id from bronze.x', 'INVALID_SQL 1:8 `_weir_row_id`: names that begin with _weir are Weir\'s own.'],
    ['select a as _WEIR_x from bronze.x', 'INVALID_SQL 1:8 `_WEIR_x`: names that begin with _weir are Weir\'s own.'],
    ['select a from bronze.x _weir_p', 'INVALID_SQL 1:15 `_weir_p`: names that begin with _weir are Weir\'s own.'],
    ['with _weir_p as (select 1 as n) select n from _weir_p', 'INVALID_SQL 1:1 `_weir_p`: names that begin with _weir are Weir\'s own.'],
    ['select 1e999', 'INVALID_SQL 1:1 The SQL has a number that is too large.'],
    ['select \0', 'INVALID_SQL 1:1 The SQL has a NUL character.'],
  ])('%j', async (sql, expected) => {
    expect(await outcome(sql)).toBe(expected);
  });
});

describe('inspectModel: values of any size', () => {
  it.each(["repeat('x', 2000000000)", 'repeat(t, n)', 'lpad(t, 1001)', 'range(n)', 'generate_series(1, 1000000000)', "format('{:>1500000000}', t)", "format('{:{}}', t, n)", "printf('%*d', n, n)", 'printf(t, n)', "bitstring('1', 5000)", 'list_resize(l, n)', 'main.repeat(t, n)'])('%s is refused', async (call) => {
    expect(await outcome(`select ${call} from bronze.x`)).toMatch(/^FORBIDDEN_SQL 1:8 .*size/);
  });

  it.each(["repeat('-', 10)", "lpad(code, 8, '0')", 'range(10)', 'generate_series(1, 12)', "format('{:08.3f} {}', n, t)", "printf('%05d', n)", 'range(-5, 5)'])('%s is allowed', async (call) => {
    expect(await outcome(`select ${call} from bronze.x`)).toBe('bronze.x');
  });
});

describe('inspectModel: row-shaped', () => {
  const shape = async (sql: string): Promise<boolean | undefined> => {
    const model = await inspectModel(sql);
    return isSqlProblem(model) ? undefined : model.rowShaped;
  };

  it.each(['select a, b + 1 as c from bronze.x where a > 1', 'select * from bronze.x', 'select x.* exclude (a), nullif(b, 0) as b2 from bronze.x x', "select case when a like 'C%' then 1 else 0 end as c from bronze.x"])('%s: yes', async (sql) => {
    expect(await shape(sql)).toBe(true);
  });

  it.each([
    'select count(*) as n from bronze.x',
    'select sum(a) + 1 as n from bronze.x',
    'select a from bronze.x group by a',
    'select a from bronze.x group by all',
    'select distinct a from bronze.x',
    'select a from bronze.x limit 1',
    'select a from bronze.x order by a',
    'select row_number() over () as n from bronze.x',
    'select a from bronze.x qualify row_number() over (order by a) = 1',
    'select a from bronze.x having count(*) > 1',
    'select a from bronze.x, silver.y',
    'select a from bronze.x union all select a from bronze.x',
    'with x as (from bronze.x) select a from x',
    'select (select max(b) from silver.y) as m from bronze.x',
    'select a from (select a from bronze.x)',
    'select unnest([a, b]) as v from bronze.x',
    'select geomean(a) as v from bronze.x',
    "select columns('a.*') from bronze.x",
    'select 1 as a',
  ])('%s: no', async (sql) => {
    expect(await shape(sql)).toBe(false);
  });
});

it('warns of sums over floating point numbers, with the place', async () => {
  const model = await inspectModel('select sum(a::double) as s,\n  sum(b) as t, favg(c) over () as u from bronze.x');
  expect(isSqlProblem(model) ? [] : model.warnings.map((warning) => warning.split(' over')[0])).toEqual(['1:8: `sum`', '2:16: `favg`']);
});
