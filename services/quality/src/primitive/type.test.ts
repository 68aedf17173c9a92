import fc from 'fast-check';
import { expectFailing, withTable } from '../testing/check-table';

const ALL = ['string', 'integer', 'number', 'boolean', 'date', 'timestamp'] as const;

/** What each text may be read as, decided by hand. */
const READINGS: readonly (readonly [text: string, ...types: (typeof ALL)[number][]])[] = [
  ['', 'string'],
  ['abc', 'string'],
  ['1', 'string', 'integer', 'number', 'boolean'],
  ['0', 'string', 'integer', 'number', 'boolean'],
  ['-17', 'string', 'integer', 'number'],
  ['17850.0', 'string', 'integer', 'number'],
  ['1.5', 'string', 'number'],
  [' 1', 'string'],
  ['1_0', 'string'],
  ['1e3', 'string', 'number'],
  ['9223372036854775807', 'string', 'integer', 'number'],
  ['9223372036854775808', 'string', 'number'],
  ['nan', 'string'],
  ['inf', 'string'],
  ['TRUE', 'string', 'boolean'],
  ['no', 'string', 'boolean'],
  ['2024-02-29', 'string', 'date', 'timestamp'],
  ['2023-02-29', 'string'],
  ['2024-02-29 12:00', 'string', 'timestamp'],
  ['2024-02-29T12:00:00Z', 'string', 'timestamp'],
  ['2024-02-29T25:00:00Z', 'string'],
  ['🦆', 'string'],
];

it('counts values that can be read as none of the types, as a column of those types would read them', () =>
  withTable({ v: 'VARCHAR' }, async (table) => {
    const texts = fc.array(fc.option(fc.constantFrom(...READINGS), { nil: null }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(texts, fc.subarray([...ALL], { minLength: 1 }), (readings, types) =>
        expectFailing(table, readings.map((reading) => [reading?.[0] ?? null]), { kind: 'type', column: 'v', types }, { failing: readings.map((reading) => reading !== null && !types.some((type) => reading.slice(1).includes(type))), present: readings.map((reading) => reading !== null) }),
      ),
      { numRuns: 60 },
    );
  }));

it('reads values of other types by their text', async () => {
  await withTable({ v: 'DOUBLE' }, (table) => expectFailing(table, [[1], [1.5], [Number.NaN], [null]], { kind: 'type', column: 'v', types: ['integer'] }, { failing: [false, true, true, false], present: [true, true, true, false] }));
  await withTable({ v: 'TIMESTAMP' }, (table) => expectFailing(table, [['2024-02-29 12:00:00.5'], [null]], { kind: 'type', column: 'v', types: ['timestamp'] }, { failing: [false, false], present: [true, false] }));
});
