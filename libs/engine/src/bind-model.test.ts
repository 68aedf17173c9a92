import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSqlProblem, quoteLiteral, type Column } from '@weir/core';
import fc from 'fast-check';
import { bindModel } from './bind-model';
import type { ModelInput } from './bind-tables';
import { withEngine, type Engine } from './engine';
import { inspectModel } from './parse-model';

const COLUMNS: readonly Column[] = [
  { name: 'k', type: 'BIGINT' },
  { name: 'v', type: 'BIGINT' },
  { name: 't', type: 'VARCHAR' },
];

/** What the models read: all partitions in one table each, as the run's segments have them. */
const INPUTS: ReadonlyMap<string, ModelInput> = new Map([
  ['bronze.x', { relation: 'main.all_x', columns: COLUMNS }],
  ['silver.y', { relation: 'main.all_y', columns: COLUMNS }],
]);

const PARTITIONS = ['p0', 'p1', 'p2', 'p3'];

/** Shapes of models; each gives one certain result, whatever the order of the rows. */
const SHAPES = [
  'select k, count(*) as n, sum(v) as s from bronze.x group by k',
  "select k, count(distinct t) filter (where v > 1) as n, coalesce(sum(v) filter (where t = 'a'), 0) as s from bronze.x group by all having count(*) > 1",
  'select count(*) as n, sum(v) as s, max(t) as m from bronze.x',
  'select k, v, t, row_number() over (partition by k order by v, t) as r, sum(v) over (partition by k) as s from bronze.x',
  'select k, v from bronze.x qualify dense_rank() over (partition by k order by v desc) <= 2',
  'select distinct k, t from bronze.x',
  'select distinct on (k) k, v, t from bronze.x order by k, v desc, t',
  'with s as (select k, sum(v) as s from bronze.x group by k), u as (select max(s) as m from s) select s.*, u.m, (select count(*) from s) as n from s, u',
  'select x.k, x.v, y.t from bronze.x join silver.y using (k)',
  'select x.k, x.v as xv, y.v as yv from bronze.x x left join silver.y y on x.k = y.k and x.v <= y.v',
  'select coalesce(x.k, y.k) as k, x.v as xv, y.v as yv from bronze.x x full join silver.y y on x.k = y.k',
  'select k, v, t from bronze.x order by v desc, k, t limit 2',
  'select k, v, t from (select * from bronze.x order by v, k, t limit 3 offset 1) q where v > 0',
  'select k, v from bronze.x union select k, v from silver.y',
  'select k from bronze.x union all select v from silver.y except select 1',
  'select k, v, (select max(y.v) from silver.y where y.k = x.k) as m, v > (select avg(v) from bronze.x) as above from bronze.x x',
  'select k, v from bronze.x where exists (select 1 from silver.y where y.k = x.k) and v not in (select v from silver.y where v is not null)',
  'select * exclude (t), bronze.x.t || \'!\' as t from bronze.x where v between 0 and 2',
  'select k, t, sum(v) as s, grouping(t) as g from bronze.x group by rollup (k, t)',
  "select v.a, x.k from bronze.x, (values (1, 'a'), (2, 'b')) v(a, b) where x.t = v.b",
  'select b.a, b.c from bronze.x as b(a, c)',
  'select k, lag(v) over (partition by k order by v, t) as p, string_agg(t, \',\' order by t, v) over (partition by k) as l from bronze.x',
  'with x as (select k + 1 as k, v from bronze.x) select * from x semi join silver.y using (k)',
  'select count(*) as n from bronze.x where false',
  '(select k, v from bronze.x order by v, k limit 1) union all (select k, v from silver.y order by v desc, k desc limit 1)',
  'with recursive r as (select k, v from bronze.x where v = 0 union select r.k, r.v + 1 from r where r.v < 3) select k, count(*) as n from r group by k',
  'select * from (select k, t, v from bronze.x) pivot (sum(v) for t in (\'a\', \'b\') group by k)',
  'select k, v, row_number() over (order by k, v, t) as r, count(*) over () as n from bronze.x',
  'select x.k, y.t from bronze.x natural join (select k, t from silver.y) y',
  'select x.k, y.t from silver.y right join bronze.x using (k)',
  'select k from bronze.x anti join silver.y using (k)',
  'select k, unnest([v, v + 1]) as u from bronze.x',
  'select k, list(v order by v, t) as l, any_value(t order by t) as a from bronze.x group by k',
  'select k, sum(v) over (order by v range between 1 preceding and current row) as s from bronze.x where k is not null and v is not null',
  'select k, l.w from bronze.x, lateral (select x.v * 2 as w) l',
];

interface Row {
  readonly p: string;
  readonly k: number | null;
  readonly v: number | null;
  readonly t: string | null;
}

const row = fc.record({
  p: fc.constantFrom(...PARTITIONS.slice(0, 3)),
  k: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 5 }),
  v: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 5 }),
  t: fc.option(fc.constantFrom('a', 'b', 'c'), { freq: 5 }),
});
const table = fc.array(row, { maxLength: 12 });

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-bind-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const inEngine = <T>(body: (engine: Engine) => Promise<T>): Promise<T> => withEngine({ inputs: [], staging: dir, memoryLimit: '256MB', threads: 1 }, body);

async function fill(engine: Engine, name: string, rows: readonly Row[]): Promise<void> {
  await engine.run(`create or replace table ${name} (k bigint, v bigint, t varchar, _weir_partition varchar)`);
  if (rows.length === 0) return;
  const values = rows.map((each) => `(${each.k}, ${each.v}, ${each.t === null ? 'null' : quoteLiteral(each.t)}, ${quoteLiteral(each.p)})`);
  await engine.run(`insert into ${name} values ${values.join(', ')}`);
}

const multiset = (rows: readonly object[]): string[] => rows.map((each) => JSON.stringify(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();

/** The oracle: the model's own text, over tables that hold one partition (all of them where they are whole), once for each. */
async function onePartitionAtATime(engine: Engine, sql: string, x: readonly Row[], y: readonly Row[], whole: readonly string[] = []): Promise<string[]> {
  const results: object[] = [];
  for (const partition of PARTITIONS) {
    await fill(engine, 'bronze.x', x.filter((each) => whole.includes('bronze.x') || each.p === partition));
    await fill(engine, 'silver.y', y.filter((each) => whole.includes('silver.y') || each.p === partition));
    for (const table of ['bronze.x', 'silver.y']) await engine.run(`alter table ${table} drop column _weir_partition`);
    for (const result of await engine.rows(sql)) results.push({ ...result, _weir_partition: partition });
  }
  return multiset(results);
}

describe('an interval model over many partitions in one statement equals the model run once for each partition', () => {
  it.each(SHAPES)('%s', async (sql) => {
    expect(isSqlProblem(await inspectModel(sql))).toBe(false);
    const statements = await bindModel(sql, INPUTS, { scope: 'interval', partitions: PARTITIONS });
    await inEngine(async (engine) => {
      await engine.run('create schema bronze');
      await engine.run('create schema silver');
      const property = fc.asyncProperty(table, table, async (x, y) => {
        await fill(engine, 'main.all_x', x);
        await fill(engine, 'main.all_y', y);
        const bound = multiset((await Promise.all(statements.map((statement) => engine.rows(statement)))).flat());
        expect(bound).toEqual(await onePartitionAtATime(engine, sql, x, y));
      });
      await fc.assert(property, { numRuns: 12 });
    });
  });
});

describe('an interval model that sees all of an input equals the model run once for each partition, beside all of that input', () => {
  const whole = [['bronze.x'], ['silver.y'], ['bronze.x', 'silver.y']];
  it.each(SHAPES.flatMap((sql) => whole.filter((names) => names.every((name) => sql.includes(name))).map((names) => [names.join(' and '), sql] as const)))('all of %s: %s', async (names, sql) => {
    const all = names.split(' and ');
    const inputs = new Map([...INPUTS].map(([name, input]) => [name, { ...input, whole: all.includes(name) }]));
    const statements = await bindModel(sql, inputs, { scope: 'interval', partitions: PARTITIONS });
    await inEngine(async (engine) => {
      await engine.run('create schema bronze');
      await engine.run('create schema silver');
      const property = fc.asyncProperty(table, table, async (x, y) => {
        await fill(engine, 'main.all_x', x);
        await fill(engine, 'main.all_y', y);
        const bound = multiset((await Promise.all(statements.map((statement) => engine.rows(statement)))).flat());
        expect(bound).toEqual(await onePartitionAtATime(engine, sql, x, y, all));
      });
      await fc.assert(property, { numRuns: 8 });
    });
  });
});

describe('bindModel', () => {
  const rowInputs = new Map([['bronze.x', { relation: 'main.bronze_x', columns: COLUMNS }]]);
  const createRows = "create table main.bronze_x as select 1::bigint as k, 2::bigint as v, 'a' as t, 'p0' as _weir_partition, 'r1' as _weir_row_id, 'f:2' as _weir_position, false as _weir_deleted";
  const resultOf = (sql: string, binding: Parameters<typeof bindModel>[2]): Promise<object[]> =>
    inEngine(async (engine) => {
      await engine.run(createRows);
      const [statement] = await bindModel(sql, rowInputs, binding);
      return engine.rows(statement ?? '');
    });

  it('keeps partition, row id and position of row models, stars or not', async () => {
    const kept = { _weir_partition: 'p0', _weir_row_id: 'r1', _weir_position: 'f:2', _weir_deleted: false };
    expect(await resultOf('select * from bronze.x', { scope: 'row' })).toEqual([{ k: 1, v: 2, t: 'a', ...kept }]);
    expect(await resultOf('select b.* exclude (t), k + 9007199254740993 = 9007199254740994 as exact from bronze.x b where v = 2', { scope: 'row' })).toEqual([{ k: 1, v: 2, exact: true, ...kept }]);
    expect(await resultOf('select _weir_row_id as id, * from bronze.x', { scope: 'row' })).toEqual([{ id: 'r1', k: 1, v: 2, t: 'a', ...kept }]);
  });

  it('lets a row-shaped model of another scope read the row id by name', async () => {
    const sql = 'select *, _weir_row_id as id from bronze.x';
    expect(await resultOf(sql, { scope: 'history' })).toEqual([{ _weir_partition: 'all', k: 1, v: 2, t: 'a', id: 'r1' }]);
    expect(await resultOf(sql, { scope: 'interval', partitions: ['p0'] })).toEqual([{ _weir_partition: 'p0', k: 1, v: 2, t: 'a', id: 'r1' }]);
  });

  it('runs history models over all partitions into one', async () => {
    expect(await resultOf('select sum(v) as s from bronze.x', { scope: 'history' })).toEqual([{ _weir_partition: 'all', s: 2 }]);
  });

  it('refuses a dataset that it was not given', async () => {
    await expect(bindModel('select * from gold.other', rowInputs, { scope: 'history' })).rejects.toMatchObject({ code: 'UNKNOWN_DATASET' });
  });

  it('does not take a text in the model for the place of the partition', async () => {
    const sql = "select '_weir_each' as t, k from bronze.x";
    expect(await resultOf(sql, { scope: 'interval', partitions: ['p0'] })).toEqual([{ _weir_partition: 'p0', t: '_weir_each', k: 1 }]);
  });
});
