const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The form of durations in definitions; JSON Schema and code share it. */
export const DURATION_PATTERN = '^\\d{1,9}(ms|s|m|h|d)$';

/** Milliseconds of a duration such as `5m`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  const unit = text.replace(/^\d+/, '');
  return Number.parseInt(text, 10) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** The shortest exact form of a number of milliseconds, such as `5m` or `90s`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms > 0 && ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`;
  }
  return ms === 0 ? '0s' : `${ms}ms`;
}

/** A share from 0 to 1 of `5%` or `0.05`; undefined when it is none. */
export function parseShare(value: string | number): number | undefined {
  if (typeof value === 'string') {
    const match = /^(\d{1,3}(?:\.\d{1,6})?)\s*%$/.exec(value.trim());
    // Dividing the decimal text by shifting its point keeps 0.7 % exactly 0.007.
    return match ? inUnit(Number(`${match[1]}e-2`)) : undefined;
  }
  return inUnit(value);
}

function inUnit(share: number): number | undefined {
  return share >= 0 && share <= 1 ? share : undefined;
}
