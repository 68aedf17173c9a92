import { type Cell, DOUBLES, expectFailing, forAllRows, INTEGERS, TEXTS, withTable } from '../testing/check-table';

const OPERATORS = { '=': (a: number, b: number) => a === b, '!=': (a: number, b: number) => a !== b, '<': (a: number, b: number) => a < b, '<=': (a: number, b: number) => a <= b, '>': (a: number, b: number) => a > b, '>=': (a: number, b: number) => a >= b } as const;

it('counts rows in which two columns do not stand to each other as they should', () =>
  withTable({ a: 'BIGINT', b: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS, INTEGERS], async (rows) => {
      const present = rows.map(([a, b]) => a !== null && b !== null);
      for (const [operator, holds] of Object.entries(OPERATORS)) {
        await expectFailing(table, rows, { kind: 'pair', columns: ['a', 'b'], operator: operator as keyof typeof OPERATORS }, { failing: rows.map(([a, b], n) => present[n] === true && !holds(Number(a), Number(b))), present });
      }
    }),
  ));

it('lets a row with one null fail where it is not left out', () =>
  withTable({ a: 'BIGINT', b: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS, INTEGERS], async (rows) => {
      const bad = rows.map(([a, b]) => a === null || b === null || a !== b);
      const some = rows.map(([a, b]) => a !== null || b !== null);
      await expectFailing(table, rows, { kind: 'pair', columns: ['a', 'b'], operator: '=', skip: 'all' }, { failing: bad.map((fails, n) => fails && some[n] === true), present: some });
      await expectFailing(table, rows, { kind: 'pair', columns: ['a', 'b'], operator: '=', skip: 'none' }, { failing: bad, present: rows.map(() => true) });
    }),
  ));

it('takes NaN for greater than every number, as the engine orders it', () =>
  withTable({ a: 'DOUBLE', b: 'DOUBLE' }, (table) =>
    forAllRows(table, [DOUBLES, DOUBLES], (rows) => {
      const greater = (a: Cell, b: Cell): boolean => (Number.isNaN(a) ? !Number.isNaN(b) : !Number.isNaN(b) && Number(a) > Number(b));
      const present = rows.map(([a, b]) => a !== null && b !== null);
      return expectFailing(table, rows, { kind: 'pair', columns: ['a', 'b'], operator: '>' }, { failing: rows.map(([a = null, b = null], n) => present[n] === true && !greater(a, b)), present });
    }),
  ));

it('looks pairs of values up', () =>
  withTable({ a: 'VARCHAR', b: 'BIGINT' }, (table) =>
    forAllRows(table, [TEXTS, INTEGERS], (rows) => {
      const present = rows.map(([a, b]) => a !== null && b !== null);
      const listed = (a: Cell | undefined, b: Cell | undefined): boolean => (a === 'a' && b === 1) || (a === "it's" && b === 2) || (a === '🦆' && b === 1);
      return expectFailing(table, rows, { kind: 'pair', columns: ['a', 'b'], operator: 'in', values: [['a', 1], ["it's", 2], ['🦆', '1']] }, { failing: rows.map(([a, b], n) => present[n] === true && !listed(a, b)), present });
    }),
  ));
