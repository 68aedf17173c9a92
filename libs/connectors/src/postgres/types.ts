import { WeirError, type ColumnType } from '@weir/core';

/** The Postgres type that holds every value of an engine type exactly; spelled as format_type() spells it. Throws INTERNAL for a type that is not in the closed list. */
export function postgresType(type: ColumnType): string {
  switch (type) {
    case 'VARCHAR':
      return 'text';
    case 'BOOLEAN':
      return 'boolean';
    case 'BIGINT':
      return 'bigint';
    case 'DOUBLE':
      return 'double precision';
    case 'DATE':
      return 'date';
    case 'TIMESTAMP':
      return 'timestamp without time zone';
    default: {
      const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
      if (!decimal) throw new WeirError({ code: 'INTERNAL', message: `Postgres has no type for ${String(type)}.` });
      return `numeric(${decimal[1]},${decimal[2]})`;
    }
  }
}

/** The engine type whose values a Postgres type holds, as format_type() spells it; undefined for a type that Weir gives to no column. */
export function columnType(stored: string): ColumnType | undefined {
  const decimal = /^numeric\((\d+),(\d+)\)$/.exec(stored);
  if (decimal) return `DECIMAL(${Number(decimal[1])},${Number(decimal[2])})`;
  return PLAIN_TYPES.find((type) => postgresType(type) === stored);
}

const PLAIN_TYPES: readonly ColumnType[] = ['VARCHAR', 'BOOLEAN', 'BIGINT', 'DOUBLE', 'DATE', 'TIMESTAMP'];
