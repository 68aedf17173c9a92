import { expectFailing, forAllRows, INTEGERS, TEXTS, withTable } from '../testing/check-table';

it('counts rows without a value, whatever the other rows are', () =>
  withTable({ v: 'VARCHAR' }, (table) =>
    forAllRows(table, [TEXTS], async (rows) => {
      const present = rows.map(() => true);
      await expectFailing(table, rows, { kind: 'nullShare', column: 'v' }, { failing: rows.map(([v]) => v === null), present });
      await expectFailing(table, rows, { kind: 'nullShare', column: 'v', missing: ['', 'nan', 1] }, { failing: rows.map(([v]) => v === null || v === '' || v === 'nan' || v === '1'), present });
      await expectFailing(table, rows, { kind: 'nullShare', column: 'v', wanted: 'null' }, { failing: rows.map(([v]) => v !== null), present });
    }),
  ));

it('knows values of numbers that stand for none by what they are worth, and leaves texts out that no number can be', () =>
  withTable({ v: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS], (rows) => expectFailing(table, rows, { kind: 'nullShare', column: 'v', missing: [0, '3.0', 'n/a', ''] }, { failing: rows.map(([v]) => v === null || v === 0 || v === 3), present: rows.map(() => true) })),
  ));
