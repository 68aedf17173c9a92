import { forAllRows, INTEGERS, withTable } from '../testing/check-table';

it('counts listed values that do not occur, and exactly also those that are not listed', () =>
  withTable({ v: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS], async (rows) => {
      const there = new Set(rows.flatMap(([v]) => (v === null ? [] : [Number(v)])));
      const missing = [1, 2, 3].filter((value) => !there.has(value)).length;
      const others = [...there].filter((value) => ![1, 2, 3].includes(value)).length;
      const values = [1, '2', 3, '3.0'];
      expect(await table.judge(rows, { kind: 'distinctSet', column: 'v', values }, { equal: 0, unit: 'value' })).toMatchObject({ value: missing, passed: missing === 0 });
      expect(await table.judge(rows, { kind: 'distinctSet', column: 'v', values, exact: true }, { equal: 0, unit: 'value' })).toMatchObject({ value: missing + others, passed: missing + others === 0 });
    }),
  ));
