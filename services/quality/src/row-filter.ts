import { parseInstant, WeirError, WHOLE } from '@weir/core';
import type { RowFilter } from '@weir/rpc';

/** Rows that one filter names at most. */
const MAX_ROWS = 1_000;

/** Values of the five parameters of NARROWED, in order. */
export type FilterValues = readonly [runId: string, rule: string, partition: string, rows: readonly number[], before: string | null];

/** SQL that is true for rows that a filter leaves; the parameters follow each other from `$first` on. */
export function narrowed(first: number): string {
  const at = (n: number): string => `$${first + n}`;
  return [
    `(${at(0)} = '' or run_id = ${at(0)})`,
    `(${at(1)} = '' or ${at(1)} = any (rules))`,
    `(${at(2)} = '' or partition = ${at(2)})`,
    `(cardinality(${at(3)}::bigint[]) = 0 or id = any (${at(3)}::bigint[]))`,
    `(${at(4)}::timestamptz is null or quarantined_at < ${at(4)}::timestamptz)`,
  ].join(' and ');
}

/** A filter's values, checked; one that was left out leaves all rows. Throws INVALID_VALUE and INVALID_INTERVAL for what is no time, and INVALID_VALUE for too many rows. */
export function filterValues({ runId = '', rule = '', partition = '', rows = [], before = '' }: Partial<RowFilter> = {}): FilterValues {
  if (rows.length > MAX_ROWS) throw new WeirError({ code: 'INVALID_VALUE', message: `A filter names ${rows.length} rows; the most is ${MAX_ROWS}.`, fix: 'Name a rule or a grain instead.' });
  const odd = rows.find((row) => !Number.isSafeInteger(row) || row < 1);
  if (odd !== undefined) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${odd}\` is not the number of a row.`, fix: 'Take it from `weir quarantine list`.' });
  return [runId, rule, partition === '' || partition === WHOLE ? partition : parseInstant(partition), rows, before === '' ? null : parseInstant(before)];
}

/** Whether a filter leaves all rows. */
export function leavesAll([runId, rule, partition, rows, before]: FilterValues): boolean {
  return runId === '' && rule === '' && partition === '' && rows.length === 0 && before === null;
}
