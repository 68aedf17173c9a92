import { DAYS, forAllRows, withTable } from '../testing/check-table';

const DAY = 86_400;

it('is the time from the newest value to the end of the interval; a date is its midnight', () =>
  withTable({ v: 'DATE' }, (table) =>
    forAllRows(table, [DAYS], async (rows) => {
      const days = rows.flatMap(([v]) => (v === null ? [] : [Number(String(v).slice(8))]));
      const outcome = await table.judge(rows, { kind: 'freshness', column: 'v' }, { atMost: 2 * DAY, unit: 'seconds' }, { until: '2024-02-20T12:00:00Z' });
      if (days.length === 0) expect(outcome).toMatchObject({ passed: false });
      else expect(outcome).toMatchObject({ value: (20.5 - Math.max(...days)) * DAY, passed: 20.5 - Math.max(...days) <= 2 });
    }),
  ));

it('reads as people say it, also where the newest event is ahead', () =>
  withTable({ v: 'TIMESTAMP' }, async (table) => {
    const judged = (newest: string) => table.judge([['2024-02-01 00:00:00'], [newest], [null]], { kind: 'freshness', column: 'v' }, { atMost: 7_200, unit: 'seconds' }, { until: '2024-02-02T00:00:00Z' });
    expect(await judged('2024-02-01 21:59:59.5')).toMatchObject({ passed: false, actual: '2h', value: 7_200.5, threshold: 'at most 2h' });
    expect(await judged('2024-02-01 22:00:00')).toMatchObject({ passed: true, actual: '2h' });
    expect(await judged('2024-02-02 00:01:00')).toMatchObject({ passed: true, actual: '-1m' });
  }));

it('fails where there are no rows: nothing is fresh', () => withTable({ v: 'TIMESTAMP' }, async (table) => expect(await table.judge([], { kind: 'freshness', column: 'v' }, { atMost: 60, unit: 'seconds' })).toMatchObject({ passed: false, actual: 'no rows' })));
