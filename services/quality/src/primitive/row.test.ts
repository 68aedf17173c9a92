import { expectFailing, forAllRows, INTEGERS, withTable } from '../testing/check-table';

it('counts rows for which its SQL is false; null passes', () =>
  withTable({ a: 'BIGINT', b: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS, INTEGERS], async (rows) => {
      const present = rows.map(() => true);
      await expectFailing(table, rows, { kind: 'row', predicate: 'a + b <= 3' }, { failing: rows.map(([a, b]) => a !== null && b !== null && Number(a) + Number(b) > 3), present });
      // False or null is false, so that a is enough.
      await expectFailing(table, rows, { kind: 'row', predicate: 'a > 0 and b > 0' }, { failing: rows.map(([a, b]) => (a !== null && Number(a) <= 0) || (b !== null && Number(b) <= 0)), present });
    }),
  ));

it('looks only at the rows that it is about', () =>
  withTable({ a: 'BIGINT', b: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS, INTEGERS], async (rows) => {
      const about = rows.map(([a]) => a !== null && Number(a) > 0);
      await expectFailing(table, rows, { kind: 'row', predicate: 'b >= a', where: 'a > 0' }, { failing: rows.map(([a, b], n) => about[n] === true && b !== null && Number(b) < Number(a)), present: about });
    }),
  ));
