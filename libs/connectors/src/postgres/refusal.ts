import { isWeirError } from '@weir/core';
import { mapDestinationError } from './errors';

/** Why a table refuses a row. */
export interface Refusal {
  /** For counts and labels, such as `destination:check:amount_positive`: what the table's owner demands, and how it is called. */
  readonly rule: string;
  /** What Postgres says, for those who may see the row: a trigger may say anything. */
  readonly reason: string;
  /** The same without any value of the row. */
  readonly safe: string;
  /** Whether other rows may be the cause, so that the row may be right once they are there or gone. */
  readonly relational: boolean;
}

/** A refusal's kind by SQLSTATE, the longest prefix first (PostgreSQL documentation, appendix A). What is not here is no fault of a row: a lost connection, a deadlock, a missing right or table. */
const KINDS: readonly (readonly [state: string, kind: string, relational: boolean])[] = [
  ['23502', 'not_null', false],
  ['23503', 'foreign_key', true],
  ['23505', 'unique', true],
  ['23514', 'check', false],
  ['23P01', 'exclusion', true],
  ['44000', 'view_check', false],
  ['54000', 'too_large', false],
  ['P0001', 'trigger', true],
  ['P0004', 'trigger', true],
  ['22', 'value', false],
  ['23', 'constraint', true],
];

/** Postgres' own words are short; what a trigger says is cut. */
const MAX_REASON = 500;

interface PostgresError {
  readonly code?: string;
  readonly message?: string;
  readonly constraint?: string;
  readonly column?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly where?: string;
}

/** What a failure says of a row; undefined for one that is not about rows, and for a COPY, of which no row reached the table. */
export function refusalOf(failure: unknown): Refusal | undefined {
  const { code = '', message = '', constraint, column, where = '' } = postgresError(failure);
  const kind = /^[0-9A-Z]{5}$/.test(code) && !where.startsWith('COPY ') ? KINDS.find(([prefix]) => code.startsWith(prefix)) : undefined;
  if (!kind) return undefined;
  const [, name, relational] = kind;
  const place = [constraint, column].find((each) => each);
  const safe = mapDestinationError(postgresError(failure), undefined).message;
  return { rule: ['destination', name, place].filter(Boolean).join(':'), reason: `Postgres: ${message} [${code}]`.slice(0, MAX_REASON), safe, relational };
}

/** The table that a failure is about, as Postgres says; undefined where it says nothing. */
export function refusingTable(failure: unknown): string | undefined {
  const { schema, table } = postgresError(failure);
  return schema && table ? `${schema}.${table}` : undefined;
}

function postgresError(failure: unknown): PostgresError {
  const error = isWeirError(failure) ? failure.cause : failure;
  return typeof error === 'object' && error !== null ? error : {};
}
