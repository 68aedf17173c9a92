import { DOUBLES, expectFailing, forAllRows, TEXTS, withTable } from '../testing/check-table';

it('counts texts that are not listed, or that are', () =>
  withTable({ v: 'VARCHAR' }, (table) =>
    forAllRows(table, [TEXTS], async (rows) => {
      const [values, present] = [['a', "it's", '🦆', 1, '%'], rows.map(([v]) => v !== null)];
      const listed = rows.map(([v]) => values.some((value) => String(value) === v));
      await expectFailing(table, rows, { kind: 'set', column: 'v', values }, { failing: rows.map(([v], n) => v !== null && !listed[n]), present });
      await expectFailing(table, rows, { kind: 'set', column: 'v', values, not: true }, { failing: rows.map(([v], n) => v !== null && listed[n] === true), present });
      await expectFailing(table, rows, { kind: 'set', column: 'v', values, pattern: '^[a-z%]' }, { failing: rows.map(([v], n) => v !== null && !(listed[n] && /^[a-z%]/.test(String(v)))), present });
    }),
  ));

it('compares numbers by what they are worth, however the list writes them; NaN is none of them', () =>
  withTable({ v: 'DOUBLE' }, (table) =>
    forAllRows(table, [DOUBLES], (rows) => expectFailing(table, rows, { kind: 'set', column: 'v', values: [1, '2.50', 0.1, 1e300] }, { failing: rows.map(([v]) => typeof v === 'number' && ![1, 2.5, 0.1, 1e300].includes(v)), present: rows.map(([v]) => v !== null) })),
  ));

it('takes decimals, dates, and true and false', async () => {
  await withTable({ v: 'DECIMAL(12,2)' }, (table) => expectFailing(table, [[1], [1.5], [2], [null]], { kind: 'set', column: 'v', values: [1, 2] }, { failing: [false, true, false, false], present: [true, true, true, false] }));
  await withTable({ v: 'DATE' }, (table) => expectFailing(table, [['2024-02-01'], ['2024-02-02'], [null]], { kind: 'set', column: 'v', values: ['2024-02-01'] }, { failing: [false, true, false], present: [true, true, false] }));
  await withTable({ v: 'BOOLEAN' }, (table) => expectFailing(table, [[true], [false], [null]], { kind: 'set', column: 'v', values: [true] }, { failing: [false, true, false], present: [true, true, false] }));
});
