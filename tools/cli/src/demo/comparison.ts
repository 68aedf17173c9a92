import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/core';
import { colour, count, table } from '../output';

/** Two numbers or texts that were made apart, and must be the same. */
export interface Comparison {
  readonly what: string;
  /** What whoever made the records knows. */
  readonly expected: number | string;
  /** What Weir has; undefined where there is nothing yet. */
  readonly found: number | string | undefined;
}

const LOOK_EVERY_MS = 1_000;

/** Compares until all numbers are the same, or the time is up; gives the last ones. A failure to compare is thrown. */
export async function untilEqual(compare: () => Promise<readonly Comparison[]>, timeoutMs: number, signal: AbortSignal): Promise<readonly Comparison[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await compare();
    if (signal.aborted || Date.now() > deadline || found.every(same)) return found;
    // It rejects when the signal ends it, which the loop looks at.
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

export function comparisonTable(comparisons: readonly Comparison[]): string {
  const right = 'right' as const;
  const number = (value: number | string | undefined): string => (value === undefined ? '–' : typeof value === 'string' ? value : count(value));
  const rows = comparisons.map((one) => [one.what, number(one.expected), number(one.found), same(one) ? colour.good('the same') : colour.bad('differs')]);
  return table([{ title: '' }, { title: 'generator', align: right }, { title: 'Weir', align: right }, { title: '' }], rows);
}

/** Throws INTERNAL where two of them differ. */
export function assertEqual(comparisons: readonly Comparison[], place: string): void {
  const wrong = comparisons.filter((one) => !same(one));
  if (wrong.length === 0) return;
  const message = `What came of the records differs from what was expected: ${wrong.map(({ what, expected, found }) => `${what} ${found ?? 'nothing'} instead of ${expected}`).join(', ')}.`;
  throw new WeirError({ code: 'INTERNAL', place, message, fix: 'Report it: this is a defect of Weir.' });
}

function same({ expected, found }: Comparison): boolean {
  return expected === found;
}
