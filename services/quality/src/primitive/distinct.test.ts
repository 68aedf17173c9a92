import { forAllRows, TEXTS, withTable } from '../testing/check-table';

it('is how many different values there are, and their share of the values', () =>
  withTable({ v: 'VARCHAR' }, (table) =>
    forAllRows(table, [TEXTS], async (rows) => {
      const values = rows.flatMap(([v]) => (v === null ? [] : [String(v)]));
      const different = new Set(values).size;
      expect(await table.judge(rows, { kind: 'distinct', column: 'v' }, { atMost: 4, unit: 'value' })).toMatchObject({ value: different, rows: values.length, passed: different <= 4, samples: [] });
      const share = await table.judge(rows, { kind: 'distinct', column: 'v' }, { atLeast: 50, unit: 'percent', of: 'values' });
      expect(share.passed).toBe(values.length > 0 && different * 2 >= values.length);
    }),
  ));
