import type { ColumnType } from './contract';

const EXACT: Record<string, ColumnType> = {
  VARCHAR: 'VARCHAR',
  BOOLEAN: 'BOOLEAN',
  BIGINT: 'BIGINT',
  INTEGER: 'BIGINT',
  SMALLINT: 'BIGINT',
  TINYINT: 'BIGINT',
  UINTEGER: 'BIGINT',
  USMALLINT: 'BIGINT',
  UTINYINT: 'BIGINT',
  UBIGINT: 'DECIMAL(20,0)',
  // Sums of integers: the engine's 128-bit integer has no column type of its own in files and destinations.
  HUGEINT: 'DECIMAL(38,0)',
  DOUBLE: 'DOUBLE',
  FLOAT: 'DOUBLE',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMP',
  TIMESTAMP_S: 'TIMESTAMP',
  TIMESTAMP_MS: 'TIMESTAMP',
};

/** The column type that holds every value of an engine type; undefined for types that may not leave a model without a cast. */
export function columnTypeOf(engineType: string): ColumnType | undefined {
  const type = engineType.trim().toUpperCase();
  const exact = Object.hasOwn(EXACT, type) ? EXACT[type] : undefined;
  if (exact) return exact;
  const [, precision, scale] = /^(?:DECIMAL|NUMERIC)\((\d+),\s*(\d+)\)$/.exec(type) ?? [];
  return precision === undefined ? undefined : decimalType(Number(precision), Number(scale));
}

/** DECIMAL(precision, scale) within the engine's limits: 1 to 38 digits, of which at most all are decimals. */
export function decimalType(precision: number, scale: number): ColumnType | undefined {
  return precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision ? `DECIMAL(${precision},${scale})` : undefined;
}

/** Whether values of the type are numbers. */
export function isNumeric(type: ColumnType): boolean {
  return type === 'BIGINT' || type === 'DOUBLE' || type.startsWith('DECIMAL');
}

/** The digits of a decimal before and after its point; undefined for other types. */
export function decimalDigits(type: ColumnType): { readonly whole: number; readonly decimals: number } | undefined {
  const [, precision, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(type) ?? [];
  return precision === undefined ? undefined : { whole: Number(precision) - Number(scale), decimals: Number(scale) };
}
