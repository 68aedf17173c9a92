import fc from 'fast-check';
import { withTable } from '../testing/check-table';

const rowsOf = (count: number): number[][] => Array.from({ length: count }, (_, n) => [n]);

it('is the rows of a grain beside the median of those before it', () =>
  withTable({ v: 'BIGINT' }, async (table) => {
    const counts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 3, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 30 }), counts, fc.integer({ min: 1, max: 3 }), async (rows, history, grains) => {
        const last = history.slice(0, 7).toSorted((a, b) => a - b);
        const median = last.length % 2 === 1 ? (last[(last.length - 1) / 2] ?? 0) : ((last[last.length / 2 - 1] ?? 0) + (last[last.length / 2] ?? 0)) / 2;
        const outcome = await table.judge(rowsOf(rows), { kind: 'volume', last: 7, atLeast: 3 }, { between: [0.5, 2], unit: 'value' }, { history, grains });
        expect(outcome.value).toBeCloseTo(rows / grains / median, 9);
        expect(outcome.passed).toBe((outcome.value ?? 0) >= 0.5 && (outcome.value ?? 0) <= 2);
      }),
      { numRuns: 60 },
    );
  }));

it('is not judged before there is a history, and says so', () =>
  withTable({ v: 'BIGINT' }, async (table) => {
    expect(await table.judge(rowsOf(1), { kind: 'volume', last: 7, atLeast: 3 }, { between: [0.5, 2], unit: 'value' }, { history: [100, 100] })).toMatchObject({ passed: true, actual: 'no history yet: 2 of 3' });
  }));

it('is 1 for no rows after none, and more than any bound for some after none', () =>
  withTable({ v: 'BIGINT' }, async (table) => {
    const judged = (rows: number) => table.judge(rowsOf(rows), { kind: 'volume', last: 3, atLeast: 3 }, { between: [0.5, 2], unit: 'value' }, { history: [0, 0, 5] });
    expect(await judged(0)).toMatchObject({ passed: true, value: 1 });
    expect(await judged(1)).toMatchObject({ passed: false, actual: 'Infinity' });
  }));
