import { quoteIdent, quoteLiteral, type Check, type CheckOutcome, type ColumnType, type Measure, type Threshold } from '@weir/core';
import { measureChecks, withEngine, type Engine, type Measured } from '@weir/engine';
import { tempDir } from '@weir/testkit';
import fc from 'fast-check';

/** A value of a test's row: dates and times are text, numbers may be none of the finite ones. */
export type Cell = string | number | boolean | null;

/** Columns of a test's table with their types, in order. */
export type Columns = Readonly<Record<string, ColumnType>>;

/** Random tables of a test, judged by the real engine. */
export class CheckTable {
  constructor(
    private readonly engine: Engine,
    private readonly columns: Columns,
  ) {}

  /** Puts rows into the engine as they stand and judges them by one measure; a row's place is its index. */
  async judge(rows: readonly (readonly Cell[])[], measure: Measure, threshold: Threshold = { equal: 0, unit: 'rows' }, around: Partial<Measured> = {}): Promise<CheckOutcome> {
    await this.fill('checked', rows);
    const check: Check = { id: 'c', severity: 'warning', type: 'accuracy', measure, threshold };
    const columns = Object.entries(this.columns).map(([name, type]) => ({ name, type }));
    const measured: Measured = { dataset: 'bronze.t', columns, relation: 'checked', beforeDedupe: 'checked', key: [], place: '_place::VARCHAR', until: '2024-01-02T00:00:00Z', history: [], grains: 1, others: new Map(), ...around };
    const [outcome] = await measureChecks(this.engine, [check], measured);
    if (!outcome) throw new Error('There is no outcome.');
    return outcome;
  }

  /** A table of rows under a name, of the same columns. */
  async fill(name: string, rows: readonly (readonly Cell[])[]): Promise<void> {
    const typed = Object.entries(this.columns).map(([column, type]) => `${quoteIdent(column)} ${type}`);
    await this.engine.run(`create or replace temp table ${name} (${typed.join(', ')}, _place BIGINT)`);
    if (rows.length > 0) await this.engine.run(`insert into ${name} values ${rows.map((row, n) => `(${[...row.map(literal), String(n)].join(', ')})`).join(', ')}`);
  }
}

function literal(cell: Cell): string {
  if (cell === null) return 'null';
  return typeof cell === 'string' ? quoteLiteral(cell) : typeof cell === 'number' ? `'${cell}'::DOUBLE` : String(cell);
}

/** Which rows an oracle says fail, and which have the values that are looked at. */
export interface Oracle {
  readonly failing: readonly boolean[];
  readonly present: readonly boolean[];
}

/** Whether exactly the rows fail that an oracle says: by number, by share of those with values, and by samples. */
export async function expectFailing(table: CheckTable, rows: readonly (readonly Cell[])[], measure: Measure, oracle: Oracle, around: Partial<Measured> = {}): Promise<void> {
  const failing = oracle.failing.flatMap((fails, n) => (fails ? [String(n)] : []));
  const present = oracle.present.filter(Boolean).length;
  const counted = await table.judge(rows, measure, { equal: 0, unit: 'rows', of: 'values' }, around);
  expect(counted).toMatchObject({ passed: failing.length === 0, failed: failing.length, rows: present, value: failing.length });
  expect(counted.samples).toEqual(failing.slice(0, 5));
  const share = await table.judge(rows, measure, { atMost: 50, unit: 'percent', of: 'values' }, around);
  expect(share.passed).toBe(failing.length * 2 <= present);
}

/** Gives `body` tables with these columns. */
export async function withTable(columns: Columns, body: (table: CheckTable) => Promise<void>): Promise<void> {
  const dir = await tempDir();
  try {
    await withEngine({ inputs: [], staging: dir.path, memoryLimit: '128MB', threads: 2 }, (engine) => body(new CheckTable(engine, columns)));
  } finally {
    await dir.dispose();
  }
}

/** A test over random rows: each cell by its arbitrary. */
export async function forAllRows(table: CheckTable, cells: readonly fc.Arbitrary<Cell>[], body: (rows: Cell[][], table: CheckTable) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(...cells), { maxLength: 30 }), (rows) => body(rows, table)), { numRuns: 60 });
}

/** Texts that are often equal, often odd, now and then null. */
export const TEXTS: fc.Arbitrary<Cell> = fc.oneof(fc.constant(null), fc.constantFrom('', 'a', 'b', 'ab', 'B', '1', '01', '1.0', ' ', "it's", '%', '_', 'é', 'é', '🦆', 'a🦆b', 'ÀB', 'nan'), fc.string({ unit: 'grapheme', maxLength: 6 }));

/** Numbers with all that a DOUBLE can be, many of them equal. */
export const DOUBLES: fc.Arbitrary<Cell> = fc.oneof(fc.constant(null), fc.constantFrom(0, 1, -1, 2, 2.5, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, 5e-324), fc.double({ noNaN: true }));

/** Small whole numbers, many of them equal. */
export const INTEGERS: fc.Arbitrary<Cell> = fc.oneof(fc.constant(null), fc.integer({ min: -5, max: 5 }));

/** Days of one month. */
export const DAYS: fc.Arbitrary<Cell> = fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 28 }).map((day) => `2024-02-${String(day).padStart(2, '0')}`));
