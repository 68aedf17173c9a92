import { expectFailing, forAllRows, TEXTS, withTable } from '../testing/check-table';

it('counts texts by their code points', () =>
  withTable({ v: 'VARCHAR' }, (table) =>
    forAllRows(table, [TEXTS], async (rows) => {
      const present = rows.map(([v]) => v !== null);
      const failing = (good: (length: number) => boolean): boolean[] => rows.map(([v]) => v !== null && !good(Array.from(String(v)).length));
      await expectFailing(table, rows, { kind: 'length', column: 'v', min: 1, max: 2 }, { failing: failing((length) => length >= 1 && length <= 2), present });
      await expectFailing(table, rows, { kind: 'length', column: 'v', min: 3 }, { failing: failing((length) => length >= 3), present });
      await expectFailing(table, rows, { kind: 'length', column: 'v', max: 0 }, { failing: failing((length) => length === 0), present });
    }),
  ));
