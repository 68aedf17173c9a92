import type { Column } from '@weir/core';
import fc from 'fast-check';
import { destinationAt, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse?.dispose());

const NASTY = ['', ' ', '\\N', '\\.', 'NULL', 'null', '"', '""', ',', '\n', '\r', '\r\n', 'a\n\\.\nb', '\t', "'", '#', '\\', '\u{1F600}', 'é', '\u2028', '\uFEFF', '\u0001', ';', '{a,b}'];
const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 6 }).map((parts) => parts.join('')),
).map((value) => value.replaceAll('\0', ''));

test('texts arrive exactly as they are, whatever they contain, and null is not the empty text', async () => {
  let nth = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(text, { nil: null }), { minLength: 1, maxLength: 30 }), fc.boolean(), async (values, alone) => {
      nth += 1;
      const model = testModel({
        name: `texts_${nth}`,
        writeMode: alone ? 'upsert' : 'append',
        key: alone ? ['value'] : [],
        columns: alone ? [{ name: 'value', type: 'VARCHAR' }] : [{ name: 'value', type: 'VARCHAR' }, { name: 'again', type: 'VARCHAR' }],
      });
      const kept = alone ? [...new Set(values.filter((value) => value !== null))] : values;
      const dataset = new TestDataset(warehouse.lake, model);
      const destination = destinationAt(warehouse.config);
      const load = new TestLoad(warehouse, destination, [dataset]);
      // First through the table's creation, then through a merge.
      const half = Math.ceil(kept.length / 2);
      await load.to(await dataset.publish(new Map([['p1', rowsOf(kept.slice(0, half))]])));
      await load.to(await dataset.publish(new Map([['p2', rowsOf(kept.slice(half))]])));
      const found = await warehouse.pool.query<{ value: string | null; again?: string | null }>(`select * from test.${model.name}`);
      expect(found.rows.map((row) => row.value).sort(byText)).toEqual([...kept].sort(byText));
      if (!alone) expect(found.rows.every((row) => row.again === row.value)).toBe(true);
      // Removal finds the same texts again.
      await load.to(await dataset.publish(new Map([['p1', []], ['p2', []]])));
      expect((await warehouse.pool.query(`select 1 from test.${model.name}`)).rowCount).toBe(0);
      await destination.close();
    }),
    { numRuns: 25 },
  );
});

test('numbers, dates and times arrive exactly, up to the ends of their ranges', async () => {
  const columns: Column[] = [
    { name: 'id', type: 'BIGINT' },
    { name: 'amount', type: 'DECIMAL(38,6)' },
    { name: 'ratio', type: 'DOUBLE' },
    { name: 'flag', type: 'BOOLEAN' },
    { name: 'day', type: 'DATE' },
    { name: 'at', type: 'TIMESTAMP' },
  ];
  const rows: TestRow[] = [
    { id: '-9223372036854775808', amount: '-99999999999999999999999999999999.999999', ratio: '-0.1', flag: 'true', day: '0001-01-01', at: '0001-01-01 00:00:00' },
    { id: '9223372036854775807', amount: '0.000001', ratio: '1.7976931348623157e+308', flag: 'false', day: '9999-12-31', at: '9999-12-31 23:59:59.999999' },
    { id: '0', amount: '1.500000', ratio: '5e-324', flag: null, day: '2024-02-29', at: '2010-12-01 08:26:00' },
    { id: '1', amount: null, ratio: 'NaN', flag: null, day: '0044-03-15 (BC)', at: '0044-03-15 (BC) 12:00:00' },
    { id: '2', amount: '2.000000', ratio: 'Infinity', flag: null, day: 'infinity', at: '-infinity' },
    { id: '3', amount: null, ratio: '0.30000000000000004', flag: null, day: null, at: null },
  ];
  const model = testModel({ name: 'numbers', writeMode: 'append', columns });
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  await new TestLoad(warehouse, destination, [dataset]).to(await dataset.publish(new Map([['p1', rows]])));
  const found = await warehouse.pool.query<Record<string, string | null>>(
    'select id::text, amount::text, ratio::text, flag::text, day::text, at::text from test.numbers order by numbers.id',
  );
  expect(found.rows).toEqual(
    rows
      .map((row): TestRow => ({ ...row, day: row['day']?.replace(' (BC)', ' BC') ?? null, at: row['at']?.replace('0044-03-15 (BC) 12:00:00', '0044-03-15 12:00:00 BC') ?? null }))
      .sort((one, other) => (BigInt(one['id'] ?? 0) < BigInt(other['id'] ?? 0) ? -1 : 1)),
  );
  await destination.close();
});

function rowsOf(values: readonly (string | null)[]): TestRow[] {
  return values.map((value) => ({ value, again: value }));
}

function byText(one: string | null, other: string | null): number {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? -1 : 1;
  return one < other ? -1 : 1;
}
