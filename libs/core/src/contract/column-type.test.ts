import { columnTypeOf, decimalType, isNumeric, widens } from './column-type';
import type { ColumnType } from './contract';

describe('column types', () => {
  test.each([
    ['VARCHAR', 'VARCHAR'],
    ['INTEGER', 'BIGINT'],
    ['tinyint', 'BIGINT'],
    ['UINTEGER', 'BIGINT'],
    ['UBIGINT', 'DECIMAL(20,0)'],
    ['HUGEINT', 'DECIMAL(38,0)'],
    ['FLOAT', 'DOUBLE'],
    ['DECIMAL(12,3)', 'DECIMAL(12,3)'],
    ['DECIMAL(38, 38)', 'DECIMAL(38,38)'],
    ['TIMESTAMP_MS', 'TIMESTAMP'],
    ['TIMESTAMP WITH TIME ZONE', undefined],
    ['TIMESTAMP_NS', undefined],
    ['TIME', undefined],
    ['BLOB', undefined],
    ['INTEGER[]', undefined],
    ['STRUCT(a INTEGER)', undefined],
    ['DECIMAL(39,0)', undefined],
    ['constructor', undefined],
  ])('of the engine type %s is %s', (type, column) => {
    expect(columnTypeOf(type)).toBe(column);
  });

  test('hold decimals within 38 digits only', () => {
    expect([decimalType(38, 0), decimalType(0, 0), decimalType(39, 1), decimalType(5, 6), decimalType(5, -1)]).toEqual(['DECIMAL(38,0)', undefined, undefined, undefined, undefined]);
  });

  test('are numbers or not', () => {
    expect((['BIGINT', 'DOUBLE', 'DECIMAL(5,2)', 'VARCHAR', 'DATE', 'BOOLEAN', 'TIMESTAMP'] as const).filter(isNumeric)).toEqual(['BIGINT', 'DOUBLE', 'DECIMAL(5,2)']);
  });

  // Over all pairs, with Postgres as the judge: libs/connectors/src/postgres/widened-columns.test.ts.
  test.each<[from: ColumnType, to: ColumnType, boolean]>([
    ['BIGINT', 'DOUBLE', true],
    ['BIGINT', 'DECIMAL(19,0)', true],
    ['BIGINT', 'DECIMAL(21,2)', true],
    ['BIGINT', 'DECIMAL(20,2)', false],
    ['DECIMAL(12,2)', 'DECIMAL(14,3)', true],
    ['DECIMAL(12,2)', 'DECIMAL(12,3)', false],
    ['DECIMAL(12,2)', 'DOUBLE', false],
    ['DATE', 'TIMESTAMP', true],
    ['TIMESTAMP', 'DATE', false],
    ['DOUBLE', 'BIGINT', false],
    ['BIGINT', 'VARCHAR', false],
    ['VARCHAR', 'VARCHAR', true],
  ])('%s widens to %s: %s', (from, to, widened) => {
    expect(widens(from, to)).toBe(widened);
  });
});
