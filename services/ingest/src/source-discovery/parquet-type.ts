/** Of the engine's names of types, those that hold the same values as one of a contract. */
const TYPES: Readonly<Record<string, string>> = {
  BOOLEAN: 'BOOLEAN',
  TINYINT: 'BIGINT', SMALLINT: 'BIGINT', INTEGER: 'BIGINT', BIGINT: 'BIGINT',
  UTINYINT: 'BIGINT', USMALLINT: 'BIGINT', UINTEGER: 'BIGINT', UBIGINT: 'DECIMAL(20,0)',
  FLOAT: 'DOUBLE', DOUBLE: 'DOUBLE',
  DATE: 'DATE',
};

/** The type of a contract that holds all values of a column of Parquet. What is none of its own is text. */
export function parquetType(type: string): string {
  if (/^DECIMAL\(\d+,\d+\)$/.test(type)) return type;
  if (type.endsWith('[]')) return 'ARRAY';
  if (type.startsWith('STRUCT(')) return 'OBJECT';
  return TYPES[type] ?? (/^TIMESTAMP(?:_S|_MS|_NS)?(?: WITH TIME ZONE)?$/.test(type) ? 'TIMESTAMP' : 'VARCHAR');
}
