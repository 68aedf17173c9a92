import { isWeirError } from '@weir/core';
import { refusalOf, type Refusal } from './refusal';

/** Tables that refuse rows, by label, and how. */
export type DoubtfulTables = ReadonlyMap<string, Refusal>;

/** How all rows of a table together would fail now; undefined where what was refused for want of rows of other tables may not be any more, because `others` were changed since. */
export function knownRefusal(doubtful: DoubtfulTables, label: string, others: boolean): Refusal | undefined {
  const refusal = doubtful.get(label);
  return refusal?.relational && others ? undefined : refusal;
}

/**
 * Carries out a transaction, and once more from its beginning whenever a table refused rows of which that was not known yet. Throws every other failure; and that of a table of which it was known, because then there is
 * no row that could be set aside.
 */
export async function heedingRefusals<T>(transaction: (doubtful: DoubtfulTables) => Promise<T>): Promise<T> {
  const doubtful = new Map<string, Refusal>();
  for (;;) {
    try {
      return await transaction(doubtful);
    } catch (error) {
      const refusal = isWeirError(error) && error.code === 'MODEL_FAILED' ? refusalOf(error) : undefined;
      const table = isWeirError(error) ? error.place : undefined;
      if (!refusal || table === undefined || doubtful.has(table)) throw error;
      doubtful.set(table, refusal);
    }
  }
}
