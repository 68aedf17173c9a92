import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { quoteLiteral } from '@weir/core';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { withEngine, type Engine } from './engine';
import type { RelationSegment } from './relation';
import { rewriteDay, type DayFiles, type RewrittenFile } from './rewrite-day';

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
});
afterAll(() => dir.dispose());

const inEngine = <T>(body: (engine: Engine) => Promise<T>, inputs: readonly string[] = []): Promise<T> => withEngine({ inputs, staging: dir.path, memoryLimit: '128MB', threads: 1 }, body);

let named = 0;
const fresh = (): string => join(dir.path, `at-${(named += 1)}`);

/** Writes what a select gives, as a file of the lake. */
async function file(select: string): Promise<string> {
  const path = `${fresh()}.parquet`;
  await inEngine((engine) => engine.run(`copy (${select}) to ${quoteLiteral(path)} (format parquet)`));
  return path;
}

const whole = (absolutePath: string): RelationSegment => ({ absolutePath, partitions: [], whole: true });

function rewrite(segments: readonly RelationSegment[], day: Partial<DayFiles> = {}): Promise<RewrittenFile[]> {
  return inEngine((engine) => rewriteDay(engine, { name: 'silver.lines', segments, order: [], fileBytes: 1_000_000_000, dir: fresh(), ...day }), segments.map(({ absolutePath }) => absolutePath));
}

/** All rows of files in the order in which they lie there. */
function rowsOf(paths: readonly string[], select = '*'): Promise<object[]> {
  return inEngine((engine) => engine.rows(`select ${select} from read_parquet([${paths.map(quoteLiteral).join(', ')}], hive_partitioning = false)`), paths);
}

const schemaOf = (path: string) => inEngine((engine) => engine.rows(`select name, type, converted_type, logical_type, scale, precision, repetition_type from parquet_schema(${quoteLiteral(path)}) where name <> 'duckdb_schema'`), [path]);

const EVERY_TYPE = `select 'p' || n % 3 as _weir_partition, n::bigint as id, (n * 0.37)::decimal(18,3) as amount, n / 7.0 as share, 'text ' || n as text, n % 2 = 0 as even,
  date '2024-02-28' + (n % 3)::integer as day, timestamp '2024-02-28 23:59:59.999999' + to_seconds(n) as at, case when n % 5 <> 0 then n end as seldom`;

test('few files hold the very rows of many, of the same types, in the order of their partition and then of their key', async () => {
  const paths = await Promise.all([3, 1, 2].map((part) => file(`${EVERY_TYPE} from range(${part * 100}, ${part * 100 + 70}) t(n) order by hash(n)`)));
  const [only, ...more] = await rewrite(paths.map(whole), { order: ['at', 'lacking'] });
  expect(more).toEqual([]);
  const rows = (await rowsOf([only?.path ?? ''])) as { _weir_partition: string; id: number; seldom: number | null }[];
  // 100 to 169, 200 to 269 and 300 to 369, by their remainder and then by time, which grows with the number.
  const ids = [100, 200, 300].flatMap((from) => Array.from({ length: 70 }, (_, n) => from + n)).sort((one, other) => (one % 3) - (other % 3) || one - other);
  expect(rows.map(({ id }) => id)).toEqual(ids);
  expect(rows.map(({ _weir_partition: partition, seldom }) => [partition, seldom])).toEqual(ids.map((id) => [`p${id % 3}`, id % 5 === 0 ? null : id]));
  const sorted = (list: object[]) => list.map((row) => JSON.stringify(row)).sort();
  expect(sorted(await rowsOf([only?.path ?? '']))).toEqual(sorted(await rowsOf(paths)));
  expect(await schemaOf(only?.path ?? '')).toEqual(await schemaOf(paths[0] ?? ''));
  expect(only).toMatchObject({ rows: 210, hasDate: false, partitions: [0, 1, 2].map((remainder) => ({ partition: `p${remainder}`, rows: ids.filter((id) => id % 3 === remainder).length })) });
});

test('says between which values each column lies, as whole numbers and texts, the order first; nothing of columns with nulls, and of those of no use', async () => {
  const [only] = await rewrite([whole(await file(`${EVERY_TYPE} from range(-2, 9) t(n)`))], { order: ['text', 'id'] });
  expect(only?.ranges).toEqual([
    { column: 'id', type: 'BIGINT', low: '-2', high: '8' },
    { column: 'text', type: 'VARCHAR', low: 'text -1', high: 'text 8' },
    { column: 'amount', type: 'DECIMAL(18,3)', low: '-740', high: '2960' },
    // The 26th of February 2024 and the 1st of March: -2 % 3 is negative.
    { column: 'day', type: 'DATE', low: '19779', high: '19783' },
    { column: 'at', type: 'TIMESTAMP', low: String(Date.UTC(2024, 1, 28, 23, 59, 57) * 1_000 + 999_999), high: String(Date.UTC(2024, 1, 29, 0, 0, 7) * 1_000 + 999_999) },
  ]);
});

test('takes of a file that holds other partitions too just what is asked for', async () => {
  const wide = await file("select 'p' || n as _weir_partition, n from range(5) t(n)");
  const newer = await file("select 'p3' as _weir_partition, 300::bigint as n from range(2)");
  const [only] = await rewrite([{ absolutePath: wide, partitions: ['p1', 'p4'], whole: false }, whole(newer)]);
  expect(await rowsOf([only?.path ?? ''])).toEqual([[1, 1], [3, 300], [3, 300], [4, 4]].map(([p, n]) => ({ _weir_partition: `p${p}`, n })));
});

test('files with other columns or types stay apart, so that a reader still sees what each of them has', async () => {
  const old = [1, 2].map((n) => file(`select 'p1' as _weir_partition, ${n}::bigint as n`));
  const typed = file("select 'p1' as _weir_partition, 3::decimal(18,2) as n");
  const more = [4, 5].map((n) => file(`select 'p2' as _weir_partition, ${n}::bigint as n, date '2024-01-0${n}' as "Date"`));
  const written = await rewrite((await Promise.all([...old, typed, ...more])).map(whole));
  expect(await Promise.all(written.map(({ path }) => rowsOf([path])))).toEqual([
    [1, 2].map((n) => ({ _weir_partition: 'p1', n })),
    [{ _weir_partition: 'p1', n: '3.00' }],
    [4, 5].map((n) => ({ _weir_partition: 'p2', n, Date: `2024-01-0${n}` })),
  ]);
  expect(written.map(({ hasDate }) => hasDate)).toEqual([false, false, true]);
});

test('a file that lies in the folder of a day has no column of its name', async () => {
  const folder = join(dir.path, 'date=2024-01-01');
  const path = join(folder, 'one.parquet');
  await mkdir(folder, { recursive: true });
  await rename(await file("select 'p1' as _weir_partition, 1 as n"), path);
  const [only] = await rewrite([whole(path)]);
  expect(await rowsOf([only?.path ?? ''])).toEqual([{ _weir_partition: 'p1', n: 1 }]);
});

test('closes files at the size that is asked for, each with its own partitions and ranges', async () => {
  const path = await file("select 'p' || (100 + n // 50000) as _weir_partition, n, md5(n::varchar) as text from range(200000) t(n)");
  const written = await rewrite([whole(path)], { fileBytes: 1_000_000, order: ['n'] });
  expect(written.length).toBeGreaterThan(2);
  const bounds = written.map(({ ranges }) => ranges.find(({ column }) => column === 'n')).map((range) => [Number(range?.low), Number(range?.high)]);
  expect(bounds.map(([low = 0, high = 0]) => high - low + 1)).toEqual(written.map(({ rows }) => rows));
  expect(bounds.flat()).toEqual(bounds.flat().toSorted((one, other) => one - other));
});

test('whatever lies in whatever files of whatever shapes, every row that is asked for is there once', async () => {
  const shape = fc.record({ rows: fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.option(fc.integer({ min: -5, max: 5 }))), { minLength: 1, maxLength: 12 }), type: fc.constantFrom('bigint', 'varchar', 'decimal(9,2)'), wanted: fc.subarray([0, 1, 2, 3]), whole: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(shape, { minLength: 1, maxLength: 5 }), async (shapes) => {
      const segments: RelationSegment[] = [];
      for (const one of shapes) {
        const path = await file(`select 'p' || p as _weir_partition, v::${one.type} as v from (values ${one.rows.map(([p, v]) => `(${p}, ${v ?? 'null::integer'})`).join(', ')}) t(p, v)`);
        if (one.whole || one.wanted.length > 0) segments.push({ absolutePath: path, partitions: one.wanted.map((p) => `p${p}`), whole: one.whole });
      }
      if (segments.length === 0) return;
      const read = shapes.filter((one) => one.whole || one.wanted.length > 0);
      const text = (type: string, v: number | null): string | null => (v === null ? null : type === 'decimal(9,2)' ? v.toFixed(2) : String(v));
      const expected = read.flatMap(({ rows, type, wanted, whole: all }) => rows.filter(([p]) => all || wanted.includes(p)).map(([p, v]) => JSON.stringify({ p: `p${p}`, v: text(type, v) })));
      const written = await rewrite(segments, { order: ['v'] });
      const found = await Promise.all(written.map(({ path }) => rowsOf([path], '_weir_partition as p, v::varchar as v')));
      expect(found.flat().map((row) => JSON.stringify(row)).sort()).toEqual(expected.sort());
    }),
    { numRuns: 12 },
  );
});
