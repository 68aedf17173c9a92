import { canonicalInstant, checkOf, type Column, type ColumnType, type KnownRules, quoteIdent, quoteLiteral } from '@weir/core';
import { tempDir } from '@weir/testkit';
import fc from 'fast-check';
import { type Engine, withEngine } from './engine';
import { measureChecks } from './measure-checks';
import { type SuggestInput, suggestChecks } from './suggest-checks';

const COLUMNS: readonly Column[] = (
  [
    ['id', 'BIGINT'],
    ['customer_email', 'VARCHAR'],
    ['country', 'VARCHAR'],
    ['code', 'VARCHAR'],
    ['amount', 'DECIMAL(12,2)'],
    ['score', 'DOUBLE'],
    ['big', 'BIGINT'],
    ['paid', 'BOOLEAN'],
    ['day', 'DATE'],
    ['placed_at', 'TIMESTAMP'],
  ] as const satisfies readonly (readonly [string, ColumnType])[]
).map(([name, type]) => ({ name, type }));

type Cell = string | number | boolean | null;
type Row = readonly Cell[];

const NOTHING: KnownRules = { required: [], key: [], checks: [], rules: [] };
const DAYS = [12, 13, 14].map((day) => `2024-02-${day}T00:00:00Z`);
const GRAIN = { column: 'placed_at', grainMs: 86_400_000, until: '2024-02-15T00:00:00Z' };

const textOf = (...often: string[]) => fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...often) }, fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !/[\0\uD800-\uDFFF]/u.test(text)));
const nullable = (cell: fc.Arbitrary<Cell>, never: boolean) => (never ? cell : fc.option(cell, { freq: 4 }));

/** Rows whose columns are of one mind in a table: never null or often, constant or anything. */
const tables = fc.record({ constant: fc.boolean(), never: fc.boolean(), word: fc.constantFrom('AT', "it's", 'é🦆', '', 'no') }).chain(({ constant, never, word }) => {
  const cells: fc.Arbitrary<Cell>[] = [
    fc.integer({ min: 0, max: constant ? 3 : 1_000_000 }),
    constant ? fc.constantFrom('ann@example.com', 'bob@example.com', 'x.y-z@a.b') : textOf('ann@example.com', 'bob@example.com', 'x.y-z@a.b'),
    constant ? fc.constant(word) : textOf('AT', 'DE'),
    fc.string({ unit: fc.constantFrom('a', 'é', '🦆'), minLength: 4, maxLength: constant ? 4 : 5 }),
    fc.integer({ min: constant ? 0 : -99_999, max: 99_999 }).map((cents) => cents / 100),
    constant ? fc.constant(0.1) : fc.oneof({ weight: 20, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) }, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, 5e-324)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc.boolean(),
    fc.integer({ min: 1, max: 28 }).map((day) => `2024-02-${String(day).padStart(2, '0')}`),
    fc.integer({ min: 0, max: 86_399 }).map((second) => new Date(Date.UTC(2024, 1, 10) + second * 1_000).toISOString().slice(0, 19)),
  ];
  return fc.oneof({ weight: 4, arbitrary: fc.array(fc.tuple(...cells.map((cell) => nullable(cell, never))), { minLength: constant ? 145 : 20, maxLength: 150, size: 'max' }) }, fc.array(fc.tuple(...cells.map((cell) => nullable(cell, never))), { maxLength: 3 }));
});

let dir: Awaited<ReturnType<typeof tempDir>>;
beforeAll(async () => {
  dir = await tempDir();
});
afterAll(() => dir.dispose());

const withTables = (body: (engine: Engine) => Promise<void>) => withEngine({ inputs: [], staging: dir.path, memoryLimit: '256MB', threads: 2 }, body);

async function fill(engine: Engine, rows: readonly Row[]): Promise<void> {
  await engine.run(`create or replace temp table rows (${COLUMNS.map(({ name, type }) => `${quoteIdent(name)} ${type}`).join(', ')}, _weir_partition VARCHAR)`);
  const literal = (cell: Cell) => (cell === null ? 'null' : quoteLiteral(String(cell)));
  // One row in three is of another grain.
  if (rows.length > 0) await engine.run(`insert into rows values ${rows.map((row) => `(${[...row.map(literal), quoteLiteral(DAYS[Number(row[0] ?? 0) % 3] ?? '')].join(', ')})`).join(', ')}`);
}

const input = (change: Partial<SuggestInput> = {}): SuggestInput => ({ dataset: 'bronze.t', relation: 'rows', columns: COLUMNS, known: NOTHING, age: GRAIN, ...change });

describe('suggested checks', () => {
  test('pass on their own data, and are the same for the same rows in any order', async () => {
    const kinds = new Map<string, number>();
    await withTables(async (engine) => {
      const property = fc.asyncProperty(tables, fc.infiniteStream(fc.nat()), async (rows, order) => {
        await fill(engine, rows);
        const first = await suggestChecks(engine, input());
        for (const { measure } of first.proposals) kinds.set(measure.kind, (kinds.get(measure.kind) ?? 0) + 1);
        // Measured as runs would: over all rows, and over each grain by itself.
        for (const [relation, until] of [['rows', GRAIN.until], ...DAYS.map((day) => [`(select * from rows where _weir_partition = '${day}')`, canonicalInstant(Date.parse(day) + GRAIN.grainMs)])] as const) {
          const [{ n } = { n: 0 }] = await engine.rows<{ n: number }>(`select count(*) as n from ${relation}`);
          if (n > 0) expect((await measureChecks(engine, first.proposals.map(checkOf), { dataset: 'bronze.t', relation, beforeDedupe: relation, columns: COLUMNS, key: [], place: "''", until, history: [], grains: 1, others: new Map() })).filter(({ passed }) => !passed)).toEqual([]);
        }
        if (rows.length === 0) expect(first.proposals).toEqual([]);
        const shuffled = [...rows].map((row) => ({ row, by: order.next().value })).sort((a, b) => a.by - b.by).map(({ row }) => row);
        await fill(engine, shuffled);
        expect(await suggestChecks(engine, input())).toEqual(first);
      });
      await fc.assert(property, { numRuns: 40 });
    });
    // A law over nothing would hold as well.
    expect([...kinds.keys()].sort()).toEqual(['freshness', 'length', 'nullShare', 'pattern', 'range', 'set', 'unique']);
  }, 120_000);

  test('say why, and what the data speaks against', async () => {
    await withTables(async (engine) => {
      const day = (n: number) => `2024-02-${String(10 + (n % 3)).padStart(2, '0')}T18:00:00`;
      const rows = Array.from({ length: 1_000 }, (_, n): Row => [n, n === 7 ? 'nobody' : `a${n}@b.org`, n % 2 === 0 ? 'AT' : 'DE', `x${100 + (n % 900)}`, n === 0 ? 100_000 : n % 100, n % 5 === 0 ? null : n / 10, n % 10 < 6 ? null : 5, true, '2024-02-01', day(n)]);
      await fill(engine, rows);
      await engine.run("update rows set _weir_partition = strftime(placed_at, '%Y-%m-%dT00:00:00Z')");
      const { proposals, leftOut } = await suggestChecks(engine, input({ age: { ...GRAIN, until: '2024-02-13T00:00:00Z' } }));
      const reasons = Object.fromEntries(proposals.map(({ id, reason }) => [id, reason]));
      expect(reasons).toMatchObject({
        'id.nullShare': 'No nulls in 1,000 rows.',
        'id.unique': '1,000 values, all different.',
        'country.set': '1,000 values, of which 2 are different.',
        'code.length': '1,000 values, all of 4 characters.',
        // 67 of 333.
        'score.nullShare': '20 % of 1,000 rows are null, 20.1 % in one grain; 26 % leaves room.',
        'customer_email.pattern': '1,000 values, by their name e-mail addresses. 1 of them (0.1 %, 0.3 % in one grain) fails it; 1 % may.',
        'amount.range': 'The middle 98 % of 1,000 values, widened by half of their width on either side. 1 of them (0.1 %, 0.3 % in one grain) fails it; 1 % may.',
        'placed_at.freshness': 'In each of 3 grains the newest value was at most 6h old when the grain ended; 12h leaves room.',
      });
      // The 10th and the 990th value are 1 and 99: 98 apart, so that 99 + 49 is the upper bound, and nothing is negative.
      expect(proposals.find(({ id }) => id === 'amount.range')).toMatchObject({ measure: { min: 0, max: 148 }, threshold: { atMost: 1, unit: 'percent', of: 'values' } });
      expect(leftOut).toEqual([{ id: 'code.unique', column: 'code', reason: '100 values of 1,000 fail it.' }, { id: 'big.nullShare', column: 'big', reason: '60 % of 1,000 rows are null, 60.1 % in one grain.' }]);
    });
  });

  test('leave out what is said already', async () => {
    await withTables(async (engine) => {
      await fill(engine, Array.from({ length: 200 }, (_, n): Row => [n, `a${n}@b.org`, 'AT', 'abcd', n, n, n, true, '2024-02-01', '2024-02-12T10:00:00']));
      const all = await suggestChecks(engine, input({ age: undefined }));
      const checks = all.proposals.map((proposal) => checkOf(proposal));
      expect((await suggestChecks(engine, input({ age: undefined, known: { ...NOTHING, checks } }))).proposals).toEqual([]);
      const rules = ['minimum:amount', 'enum:country', 'format:customer_email', 'maxLength:code'].map((id) => ({ id, severity: 'critical', type: 'conformity', predicate: 'true', description: '' }) as const);
      const left = await suggestChecks(engine, input({ age: undefined, known: { required: COLUMNS.map(({ name }) => name), key: ['id'], checks: [], rules } }));
      expect(left.proposals.map(({ id }) => id)).toEqual(['code.set', 'score.range', 'big.range']);
    });
  });

  test('take quantiles of a part of many rows, the same part whatever their order', async () => {
    await withTables(async (engine) => {
      const columns: readonly Column[] = [{ name: 'n', type: 'BIGINT' }];
      await engine.run("create temp table rows as select range as n, 'all' as _weir_partition from range(4100000)");
      await engine.run('create temp table turned as select * from rows order by n desc');
      const ask = (relation: string) => suggestChecks(engine, { dataset: 't', relation, columns, known: NOTHING });
      const first = await ask('rows');
      expect(await ask('turned')).toEqual(first);
      const [column] = first.profile.columns;
      expect(first.profile.sampled / 4_100_000).toBeCloseTo(1 / 3, 2);
      // Of evenly spread numbers.
      expect((column?.low ?? 0) / 41_000).toBeCloseTo(1, 1);
      expect((column?.high ?? 0) / 4_059_000).toBeCloseTo(1, 2);
    });
  }, 60_000);
});
