import fc from 'fast-check';
import { type Cell, DAYS, DOUBLES, expectFailing, forAllRows, INTEGERS, TEXTS, withTable } from '../testing/check-table';

const present = (rows: readonly Cell[][]): boolean[] => rows.map(([v]) => v !== null);

it('counts numbers outside of their bounds; NaN is always outside', () =>
  withTable({ v: 'DOUBLE' }, (table) =>
    forAllRows(table, [DOUBLES], async (rows) => {
      const failing = (good: (v: number) => boolean): boolean[] => rows.map(([v]) => typeof v === 'number' && !good(v));
      await expectFailing(table, rows, { kind: 'range', column: 'v', min: 0, max: 2.5 }, { failing: failing((v) => v >= 0 && v <= 2.5), present: present(rows) });
      await expectFailing(table, rows, { kind: 'range', column: 'v', min: 0.1, exclusiveMin: true }, { failing: failing((v) => v > 0.1), present: present(rows) });
      await expectFailing(table, rows, { kind: 'range', column: 'v', max: 1, exclusiveMax: true }, { failing: failing((v) => v < 1), present: present(rows) });
    }),
  ));

it('compares any bounds with any numbers as they are', () =>
  withTable({ v: 'DOUBLE' }, async (table) => {
    const bound = fc.double({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(bound, bound, fc.array(DOUBLES, { maxLength: 8 }), async (one, other, values) => {
        const [min, max] = one <= other ? [one, other] : [other, one];
        const rows = values.map((v) => [v]);
        await expectFailing(table, rows, { kind: 'range', column: 'v', min, max }, { failing: values.map((v) => typeof v === 'number' && !(v >= min && v <= max)), present: present(rows) });
      }),
      { numRuns: 60 },
    );
  }));

it('compares whole numbers with bounds that are none', () =>
  withTable({ v: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS], (rows) => expectFailing(table, rows, { kind: 'range', column: 'v', min: -1.5, max: 2.5 }, { failing: rows.map(([v]) => v !== null && !(Number(v) >= -1.5 && Number(v) <= 2.5)), present: present(rows) })),
  ));

it('compares decimals exactly', () =>
  withTable({ v: 'DECIMAL(18,3)' }, (table) => expectFailing(table, [[0.1], [0.101], [0.099], [null]], { kind: 'range', column: 'v', min: 0.1, max: 0.1 }, { failing: [false, true, true, false], present: [true, true, true, false] })));

it('compares dates, times and texts; texts by their bytes', async () => {
  await withTable({ v: 'DATE' }, (table) =>
    forAllRows(table, [DAYS], (rows) => expectFailing(table, rows, { kind: 'range', column: 'v', min: '2024-02-10', max: '2024-02-20', exclusiveMax: true }, { failing: rows.map(([v]) => v !== null && !(String(v) >= '2024-02-10' && String(v) < '2024-02-20')), present: present(rows) })),
  );
  await withTable({ v: 'TIMESTAMP' }, (table) => expectFailing(table, [['2024-02-10 11:59:59.999'], ['2024-02-10 12:00:00'], [null]], { kind: 'range', column: 'v', min: '2024-02-10T13:00:00+01:00' }, { failing: [true, false, false], present: [true, true, false] }));
  await withTable({ v: 'VARCHAR' }, (table) =>
    forAllRows(table, [TEXTS], (rows) => expectFailing(table, rows, { kind: 'range', column: 'v', min: 'a', max: 'é' }, { failing: rows.map(([v]) => v !== null && !(Buffer.compare(Buffer.from(String(v)), Buffer.from('a')) >= 0 && Buffer.compare(Buffer.from(String(v)), Buffer.from('é')) <= 0)), present: present(rows) })),
  );
});
