import { columnTypeOf, decimalType, isNumeric } from './column-type';

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
});
