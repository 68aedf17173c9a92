import fc from 'fast-check';
import { type Cell, DOUBLES, expectFailing, forAllRows, INTEGERS, TEXTS, withTable } from '../testing/check-table';

const others = new Map([['silver.other', { relation: 'others' }]]);
const rowsOf = fc.array(fc.tuple(INTEGERS, TEXTS), { maxLength: 12 });

it('counts rows whose value is not there, whatever nulls there are on either side', () =>
  withTable({ a: 'BIGINT', b: 'VARCHAR' }, async (table) => {
    await fc.assert(
      fc.asyncProperty(rowsOf, rowsOf, async (rows, there) => {
        await table.fill('others', there);
        const present = rows.map(([a]) => a !== null);
        await expectFailing(table, rows, { kind: 'reference', columns: ['a'], dataset: 'silver.other', in: ['a'] }, { failing: rows.map(([a]) => a !== null && !there.some(([other]) => other === a)), present }, { others });
        const both = rows.map(([a, b]) => a !== null && b !== null);
        await expectFailing(table, rows, { kind: 'reference', columns: ['a', 'b'], dataset: 'silver.other', in: ['a', 'b'] }, { failing: rows.map(([a, b], n) => both[n] === true && !there.some(([x, y]) => x === a && y === b)), present: both }, { others });
      }),
      { numRuns: 60 },
    );
  }));

it('passes where the other dataset was never published, and says so', () =>
  withTable({ a: 'BIGINT' }, async (table) => expect(await table.judge([[1]], { kind: 'reference', columns: ['a'], dataset: 'silver.other', in: ['a'] })).toMatchObject({ passed: true, actual: 'silver.other was never published' })));

it('finds NaN where it is', () =>
  withTable({ a: 'DOUBLE' }, (table) =>
    forAllRows(table, [DOUBLES], async (rows) => {
      const there: Cell[][] = [[Number.NaN], [1], [null]];
      await table.fill('others', there);
      await expectFailing(table, rows, { kind: 'reference', columns: ['a'], dataset: 'silver.other', in: ['a'] }, { failing: rows.map(([a]) => a !== null && a !== 1 && !Number.isNaN(a)), present: rows.map(([a]) => a !== null) }, { others });
    }),
  ));
