import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSqlProblem, quoteLiteral, type Column } from '@weir/core';
import fc from 'fast-check';
import { bindModel } from './bind-model';
import { withEngine, type Engine } from './engine';
import { inspectModel } from './parse-model';

const NAMES = ['k', 'v', 't', 's'] as const;
const COLUMNS: readonly Column[] = NAMES.map((name) => ({ name, type: 'VARCHAR' }));
const INPUTS = new Map([['bronze.x', { relation: 'main.all_x', columns: COLUMNS }]]);

/** All columns are text, so that only a WHERE tells which of them can be cast. */
interface Row {
  readonly k: string | null;
  readonly v: string | null;
  readonly t: string | null;
  readonly s: string | null;
  readonly deleted: boolean;
}

interface Shape {
  readonly sql: string;
  readonly key: readonly string[];
  readonly sequence?: string;
  /** What of a row that is not alive must come out, by column; undefined where its key cannot be computed. Written by hand. */
  readonly dead: (row: Row) => Readonly<Record<string, unknown>> | undefined;
}

const isNumber = (text: string | null): boolean => text !== null && /^[0-9]+$/.test(text);
const numberOf = (text: string | null): number | null => (isNumber(text) ? Number(text) : null);
const byK = ({ k }: Row): { k: string } | undefined => (k === null ? undefined : { k });
const NUMERIC = "regexp_full_match(v, '[0-9]+')";

const SHAPES: readonly Shape[] = [
  { sql: 'select * from bronze.x', key: ['k'], dead: byK },
  { sql: `select k, v::bigint as n, 100 // v::bigint as share from bronze.x where ${NUMERIC} and v::bigint > 0`, key: ['k'], dead: byK },
  { sql: `select k, v::bigint as n from bronze.x x where ${NUMERIC} and (t = 'a' or x.v::bigint > 1)`, key: ['k'], dead: byK },
  { sql: `select * replace (v::bigint as v) from bronze.x where ${NUMERIC}`, key: ['k'], dead: byK },
  { sql: `select * replace (k::bigint + 1 as k) from bronze.x where regexp_full_match(k, '[0-9]+')`, key: ['k'], dead: ({ k }) => (isNumber(k) ? { k: Number(k) + 1 } : undefined) },
  { sql: `select upper(k) as id, b.* exclude (k), bronze.x.v::bigint as n from bronze.x b where ${NUMERIC}`.replace('bronze.x.v', 'b.v'), key: ['id'], dead: ({ k }) => (k === null ? undefined : { id: k.toUpperCase() }) },
  { sql: `select bronze.x.k, bronze.x.v::bigint as n from bronze.x where regexp_full_match(bronze.x.v, '[0-9]+')`, key: ['k'], dead: byK },
  { sql: "select k::bigint as id, t, v from bronze.x where regexp_full_match(k, '[0-9]+') and t <> 'a'", key: ['id'], dead: ({ k }) => (isNumber(k) ? { id: Number(k) } : undefined) },
  { sql: "select k, t, s::bigint as s, v from bronze.x where regexp_full_match(s, '[0-9]+') and v = '1'", key: ['k'], sequence: 's', dead: ({ k, s }) => (k === null ? undefined : { k, s: numberOf(s) }) },
  { sql: 'select k, s as seq, v from bronze.x where v > t', key: ['k'], sequence: 'seq', dead: ({ k, s }) => (k === null ? undefined : { k, seq: s }) },
  // Names of the SELECT, used by what comes after them and by WHERE.
  { sql: "select trim(k) as base, base || '!' as id, try_cast(v as bigint) as n, n * 2 as twice from bronze.x where n > 0", key: ['id'], dead: ({ k }) => (k === null ? undefined : { id: `${k}!` }) },
  { sql: "select k as a, a || '1' as b, b || '2' as c, try_cast(v as bigint) as n, n + 1 as m from bronze.x where alias.m > 1 and c <> 'a12'", key: ['c', 'a'], dead: ({ k }) => (k === null ? undefined : { a: k, c: `${k}12` }) },
  { sql: "select trim(k) as base, base as id, k as other from bronze.x where id <> 'a'", key: ['id', 'other'], dead: ({ k }) => (k === null ? undefined : { id: k, other: k }) },
  { sql: "select upper(k) as base, base || 'x' as mid, mid as low, low as id from bronze.x where t = 'a'", key: ['id'], dead: ({ k }) => (k === null ? undefined : { id: `${k.toUpperCase()}x` }) },
  { sql: "select k as a, a as id, v::bigint as n from bronze.x where regexp_full_match(v, '[0-9]+') and id <> 'a'", key: ['id'], dead: ({ k }) => (k === null ? undefined : { id: k }) },
  { sql: "select * rename (k as id) from bronze.x where id <> 'a'", key: ['id'], dead: ({ k }) => (k === null ? undefined : { id: k }) },
  { sql: "select x.* rename (k as id), id || v as pair from bronze.x where pair <> 'a1'", key: ['id'], dead: ({ k }) => (k === null ? undefined : { id: k }) },
  // A column goes before a name of the SELECT.
  { sql: "select k, upper(t) as v, v as t from bronze.x where v = '1'", key: ['k'], dead: byK },
  { sql: "select k, upper(t) as big from bronze.x where big.lower() = 'a'", key: ['k'], dead: byK },
  // Parameters of a lambda are no names of the SELECT.
  { sql: "select k, upper(t) as n from bronze.x where len(list_filter([v, '1'], lambda n: n = '1')) = 2 and n = 'A'", key: ['k'], dead: byK },
  { sql: "select k, json_object('v', v) as j from bronze.x where j ->> 'v' = '1' or (j -> '$.v') = '\"2\"'", key: ['k'], dead: byK },
  { sql: 'select k, #2 as second from bronze.x where #3 = \'a\'', key: ['k'], dead: byK },
  { sql: "select 'only' as one, k, t, true as yes from bronze.x where v in ('1', '2')", key: ['one', 't'], dead: ({ t }) => (t === null ? undefined : { one: 'only', t }) },
  { sql: "select _weir_row_id as id, k, _weir_position as place from bronze.x where _weir_position <> 'x:1' and v = '1'", key: ['id'], dead: () => ({}) },
  { sql: "select case when t = 'a' then k else t end as id, v::bigint as n from bronze.x where not (v is null or not regexp_full_match(v, '[0-9]+'))", key: ['id'], dead: ({ k, t }) => (t === 'a' ? (k === null ? undefined : { id: k }) : t === null ? undefined : { id: t }) },
  { sql: 'select K, V::bigint as N from BRONZE.X where regexp_full_match(V, \'[0-9]+\')'.replace('BRONZE.X', 'bronze.x').replace('select K', 'select K as k').replace('as N', 'as n'), key: ['k'], dead: byK },
];

const row: fc.Arbitrary<Row> = fc.record({
  k: fc.option(fc.constantFrom('a', 'b', '1', '22'), { freq: 6 }),
  v: fc.option(fc.constantFrom('0', '1', '2', '30', 'x', ''), { freq: 6 }),
  t: fc.option(fc.constantFrom('a', 'b', '1'), { freq: 6 }),
  s: fc.option(fc.constantFrom('1', '2', '?'), { freq: 6 }),
  deleted: fc.boolean(),
});

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-rows-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const inEngine = <T>(body: (engine: Engine) => Promise<T>): Promise<T> => withEngine({ inputs: [], staging: dir, memoryLimit: '256MB', threads: 1 }, body);

const literal = (value: string | null): string => (value === null ? 'null' : quoteLiteral(value));
const idOf = (index: number): string => `r${index}`;

async function fill(engine: Engine, table: string, rows: readonly Row[], indexes = rows.map((_row, index) => index)): Promise<void> {
  await engine.run(`create or replace table ${table} (k varchar, v varchar, t varchar, s varchar, _weir_partition varchar, _weir_row_id varchar, _weir_position varchar, _weir_deleted boolean)`);
  if (rows.length === 0) return;
  const values = rows.map((each, at) => `(${NAMES.map((name) => literal(each[name])).join(', ')}, 'p', ${quoteLiteral(idOf(indexes[at] ?? 0))}, ${quoteLiteral(`x:${indexes[at]}`)}, ${each.deleted})`);
  await engine.run(`insert into ${table} values ${values.join(', ')}`);
}

/** The oracle for living rows: the model's own text over a table that has this one row and nothing of Weir but what the model names. */
async function alone(engine: Engine, { sql }: Shape, each: Row, index: number): Promise<object | undefined> {
  await fill(engine, 'bronze.x', [each], [index]);
  await engine.run('alter table bronze.x drop column _weir_partition');
  await engine.run('alter table bronze.x drop column _weir_deleted');
  if (!sql.includes('_weir_row_id')) for (const column of ['_weir_row_id', '_weir_position']) await engine.run(`alter table bronze.x drop column ${column}`);
  const [result] = await engine.rows<object>(sql);
  return result;
}

describe('a row model by key gives what the model gives for each row, and for each row that it refuses, or that deletes, the key that it deletes', () => {
  it.each(SHAPES.map((shape) => [shape.sql, shape] as const))('%s', async (sql, shape) => {
    const inspected = await inspectModel(sql);
    expect(isSqlProblem(inspected) ? inspected : inspected.rowShaped).toBe(true);
    const [statement = ''] = await bindModel(sql, INPUTS, { scope: 'row', keyed: { key: shape.key, sequence: shape.sequence } });
    await inEngine(async (engine) => {
      await engine.run('create schema bronze');
      const property = fc.asyncProperty(fc.array(row, { maxLength: 10 }), async (rows) => {
        await fill(engine, 'main.all_x', rows);
        const given = new Map((await engine.rows<{ _weir_row_id: string }>(statement)).map((result) => [result._weir_row_id, result]));
        for (const [index, each] of rows.entries()) {
          const kept = { _weir_partition: 'p', _weir_row_id: idOf(index), _weir_position: `x:${index}` };
          const living = each.deleted ? undefined : await alone(engine, shape, each, index);
          const key = shape.dead(each);
          if (living) expect(given.get(idOf(index))).toEqual({ ...living, ...kept, _weir_deleted: false });
          else if (key === undefined) expect(given.get(idOf(index))).toBeUndefined();
          else expect(given.get(idOf(index))).toMatchObject({ ...key, ...kept, _weir_deleted: true });
        }
        expect(given.size).toBeLessThanOrEqual(rows.length);
      });
      await fc.assert(property, { numRuns: 15 });
    });
  });
});

describe('a row model by key', () => {
  const bound = (sql: string): Promise<readonly string[]> => bindModel(sql, INPUTS, { scope: 'row', keyed: { key: ['k'] } });

  it('fails for a living row on which its SQL fails, in SELECT or WHERE, and for no other', async () => {
    const living: Row = { k: 'a', v: 'x', t: 'a', s: null, deleted: false };
    for (const sql of ['select k, v::bigint as n from bronze.x', 'select k from bronze.x where v::bigint > 0', "select v::bigint as k from bronze.x where t = 'a'"]) {
      const [statement = ''] = await bound(sql);
      await inEngine(async (engine) => {
        await fill(engine, 'main.all_x', [{ ...living, deleted: true }]);
        await expect(engine.rows(statement)).resolves.toHaveLength(sql.includes('as k') ? 0 : 1);
        await fill(engine, 'main.all_x', [living]);
        await expect(engine.rows(statement)).rejects.toMatchObject({ code: 'MODEL_FAILED' });
      });
    }
  });

  it('takes a whole batch in one vector: terms of WHERE guard those behind them row by row', async () => {
    const [statement = ''] = await bound("select k, v::bigint as n from bronze.x where t <> 'a' and v::bigint > 5");
    await inEngine(async (engine) => {
      await engine.run("create table main.all_x as select r::varchar as k, case when r % 3 = 0 then 'none' else r::varchar end as v, case when r % 3 = 0 then 'a' else 'b' end as t, null::varchar as s, 'p' as _weir_partition, r::varchar as _weir_row_id, 'x:1' as _weir_position, false as _weir_deleted from range(10000) t(r)");
      const [counted] = await engine.rows(`select count(*) as n, count(*) filter (where _weir_deleted) as dead, sum(n)::varchar as sum from (${statement})`);
      // Of 0 to 9999 those that 3 divides are dead, and 1, 2, 4 and 5, too; the others sum up to 49995000 − 16668333 − 12.
      expect(counted).toEqual({ n: 10_000, dead: 3_334 + 4, sum: '33326655' });
    });
  });
});

describe('a row model without a key', () => {
  it('drops what WHERE refuses, and rows that delete', async () => {
    const [statement = ''] = await bindModel(`select k, v::bigint as n from bronze.x where ${NUMERIC}`, INPUTS, { scope: 'row' });
    await inEngine(async (engine) => {
      const plain: Row = { k: 'a', v: '1', t: null, s: null, deleted: false };
      await fill(engine, 'main.all_x', [plain, { ...plain, v: 'x' }, { ...plain, deleted: true }]);
      expect(await engine.rows(statement)).toEqual([{ k: 'a', n: 1, _weir_partition: 'p', _weir_row_id: 'r0', _weir_position: 'x:0', _weir_deleted: false }]);
    });
  });
});
