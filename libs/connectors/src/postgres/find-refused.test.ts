import { mulberry32 } from '@weir/testkit';
import { findRefused } from './find-refused';

/** Rows that are refused, for what reason. What was tried, and what was kept. */
class Rows {
  trials = 0;
  readonly kept = new Set<number>();
  readonly retracted: number[] = [];

  constructor(private readonly refused: ReadonlyMap<number, string>) {}

  readonly trial = async (from: number, to: number): Promise<string | undefined> => {
    this.trials += 1;
    if (from >= to) throw new Error('A trial without rows.');
    for (let row = from; row < to; row += 1) {
      const why = this.refused.get(row);
      if (why !== undefined) return why;
    }
    for (let row = from; row < to; row += 1) {
      // Nothing is written twice, nor after it was refused.
      if (this.kept.has(row)) throw new Error(`Row ${row} is written twice.`);
      this.kept.add(row);
    }
    return undefined;
  };

  readonly refuse = async (row: number): Promise<void> => void this.retracted.push(row);
}

/** Whole numbers below a bound, the same each time. */
function numbers(seed: number): (below: number) => number {
  const random = mulberry32(seed);
  return (below) => random() % below;
}

function choose(rows: number, count: number, random: (below: number) => number): Map<number, string> {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(random(rows));
  return new Map([...chosen].sort((one, other) => one - other).map((row) => [row, `row ${row}`]));
}

async function expectFound(rows: number, refused: ReadonlyMap<number, string>, known: boolean): Promise<number> {
  const change = new Rows(refused);
  const [first] = refused.values();
  const found = await findRefused(rows, known ? first : undefined, rows, change);
  expect(found).toEqual([...refused].map(([row, failure]) => ({ row, failure })));
  expect(change.retracted).toEqual([...refused.keys()]);
  expect([...change.kept].sort((one, other) => one - other)).toEqual(Array.from({ length: rows }, (_, row) => row).filter((row) => !refused.has(row)));
  return change.trials;
}

test('one refused row, wherever it is: found in at most ⌈log2 n⌉ + 1 trials, and all others are kept', async () => {
  for (const rows of [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 100]) {
    for (let row = 0; row < rows; row += 1) {
      expect(await expectFound(rows, new Map([[row, 'bad']]), true)).toBeLessThanOrEqual(Math.ceil(Math.log2(rows)) + 1);
    }
  }
});

test('one among 10,000: at most 15 trials', async () => {
  const random = numbers(7);
  for (const row of [0, 1, 4_999, 5_000, 9_998, 9_999, ...Array.from({ length: 50 }, () => random(10_000))]) {
    expect(await expectFound(10_000, new Map([[row, 'bad']]), true)).toBeLessThanOrEqual(15);
  }
});

test('any number of them, anywhere: exactly these are found, in order; k of n cost about k · (log2(n / k) + 3) trials at most', async () => {
  const random = numbers(42);
  for (let round = 0; round < 300; round += 1) {
    const rows = 1 + random(400);
    const refused = choose(rows, random(round % 3 === 0 ? rows + 1 : Math.min(rows, 8) + 1), random);
    const known = random(2) === 0 && refused.size > 0;
    const trials = await expectFound(rows, refused, known);
    const most = refused.size === 0 ? 1 : refused.size * (Math.log2(rows / refused.size) + 3) + Math.log2(rows) + 3;
    expect({ rows, refused: refused.size, tooMany: trials > most, trials }).toMatchObject({ tooMany: false });
  }
});

test('stops once more are refused than may be', async () => {
  const refused = new Map(Array.from({ length: 1_000 }, (_, row) => [row, 'bad']));
  const change = new Rows(refused);
  const found = await findRefused(1_000, 'bad', 5, change);
  expect(found).toHaveLength(6);
  expect(change.trials).toBeLessThanOrEqual(6 * Math.ceil(Math.log2(1_000)));
});

test('what is known from elsewhere may not hold any more: a row is only refused when it was heard itself', async () => {
  const change = new Rows(new Map());
  expect(await findRefused(100, 'a row was there that is gone', 100, change)).toEqual([]);
  expect(change.kept.size).toBe(100);
});
