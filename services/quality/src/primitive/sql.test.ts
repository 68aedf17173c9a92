import { forAllRows, INTEGERS, withTable } from '../testing/check-table';

it('is the number that its query gives', () =>
  withTable({ v: 'BIGINT' }, (table) =>
    forAllRows(table, [INTEGERS], async (rows) => {
      const positive = rows.filter(([v]) => Number(v) > 0).length;
      expect(await table.judge(rows, { kind: 'sql', query: 'select count(*) from ${dataset} where v > 0' }, { atMost: 3, unit: 'value' })).toMatchObject({ value: positive, passed: positive <= 3 });
    }),
  ));

it.each(['select null', "select 'many'", 'select nothing from ${dataset}'])('fails as critical, with the reason, for %s', (query) =>
  withTable({ v: 'BIGINT' }, async (table) => expect(await table.judge([[1]], { kind: 'sql', query }, { equal: 0, unit: 'value' })).toMatchObject({ passed: false, severity: 'critical', actual: 'not measured', error: expect.stringMatching(/./) })),
);
