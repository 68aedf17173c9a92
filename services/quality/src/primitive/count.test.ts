import { forAllRows, TEXTS, withTable } from '../testing/check-table';

it('is how many rows there are, none included', () =>
  withTable({ v: 'VARCHAR' }, (table) =>
    forAllRows(table, [TEXTS], async (rows) => {
      expect(await table.judge(rows, { kind: 'count' }, { between: [5, 10], unit: 'rows' })).toMatchObject({ value: rows.length, rows: rows.length, passed: rows.length >= 5 && rows.length <= 10 });
    }),
  ));
