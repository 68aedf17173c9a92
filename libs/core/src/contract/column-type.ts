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

/**
 * Whether a column of one type reads every value of another. Avro's promotion of long to double is one (its other promotions are between types that columns do not have), though a
 * floating number is exact to 53 bits only; a decimal is read by one with room for all its digits, before the point and after it.
 */
export function reads(reader: ColumnType, writer: ColumnType): boolean {
  if (reader === writer || (reader === 'DOUBLE' && writer === 'BIGINT')) return true;
  const [wide, narrow] = [decimalDigits(reader), decimalDigits(writer)];
  return wide !== undefined && narrow !== undefined && wide.whole >= narrow.whole && wide.decimals >= narrow.decimals;
}

/** Digits of the greatest integer. */
const INTEGER_DIGITS = 19;

/**
 * Whether a column that holds rows may take another type in their place: one that reads its values, and two more that Avro, and so a contract, has no word for: integers become decimals with
 * room for all of them, and days the midnight that they begin with.
 */
export function widens(from: ColumnType, to: ColumnType): boolean {
  if (from === 'BIGINT' && (decimalDigits(to)?.whole ?? 0) >= INTEGER_DIGITS) return true;
  return reads(to, from) || (from === 'DATE' && to === 'TIMESTAMP');
}
