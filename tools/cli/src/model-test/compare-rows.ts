/** A row as text by column; null is null, and a column that is not there is not compared. */
export type Row = ReadonlyMap<string, string | null>;

/** Something that was to come out otherwise. */
export type Difference =
  | { readonly kind: 'missing'; readonly expected: Row }
  | { readonly kind: 'unexpected'; readonly actual: Row }
  /** `columns` are those whose values differ. */
  | { readonly kind: 'changed'; readonly expected: Row; readonly actual: Row; readonly columns: readonly string[] };

interface Comparison {
  readonly ordered: boolean;
  /** Columns that tell rows apart, where there are such. */
  readonly key: readonly string[];
}

/** Rows on each side that are looked at for pairs that are nearly alike; beyond them differences are told row by row. */
const MAX_PAIRED = 300;

/** What differs between expected and actual rows; nothing when each expected row is one of the actual ones, and they are as many. */
export function compareRows(expected: readonly Row[], actual: readonly Row[], { ordered, key }: Comparison): Difference[] {
  if (ordered) return compareInOrder(expected, actual);
  const owners = matchRows(expected, actual);
  const matched = new Set(owners.values());
  const missing = expected.filter((_row, index) => !matched.has(index));
  const unexpected = actual.filter((_row, index) => !owners.has(index));
  return pairAlike(missing, unexpected, key);
}

function compareInOrder(expected: readonly Row[], actual: readonly Row[]): Difference[] {
  const length = Math.max(expected.length, actual.length);
  return Array.from({ length }, (_, index) => difference(expected[index], actual[index])).flatMap((found) => found ?? []);
}

function difference(expected: Row | undefined, actual: Row | undefined): Difference | undefined {
  if (!expected) return actual && { kind: 'unexpected', actual };
  if (!actual) return { kind: 'missing', expected };
  const columns = differing(expected, actual);
  return columns.length === 0 ? undefined : { kind: 'changed', expected, actual, columns };
}

function differing(expected: Row, actual: Row): string[] {
  return [...expected].filter(([column, value]) => (actual.get(column) ?? null) !== value).map(([column]) => column);
}

/**
 * A largest matching of expected rows to actual ones, as the number of the expected row by that of the actual one. Rows that leave out different columns may fit the same
 * actual row, so that one that fits several gives way to one that fits only this (augmenting paths).
 */
function matchRows(expected: readonly Row[], actual: readonly Row[]): Map<number, number> {
  const candidates = candidatesOf(expected, actual);
  const owners = new Map<number, number>();
  const place = (row: number, seen: Set<number>): boolean => {
    const fitting = candidates[row] ?? [];
    const free = fitting.find((index) => !owners.has(index));
    if (free !== undefined) return (owners.set(free, row), true);
    for (const index of fitting) {
      const owner = owners.get(index);
      // Who fits the very same rows cannot give way to one of them.
      if (owner === undefined || seen.has(index) || candidates[owner] === fitting) continue;
      seen.add(index);
      if (place(owner, seen)) return (owners.set(index, row), true);
    }
    return false;
  };
  expected.forEach((_row, index) => place(index, new Set()));
  return owners;
}

/** Numbers of the actual rows that each expected row fits; rows that are alike share one list. */
function candidatesOf(expected: readonly Row[], actual: readonly Row[]): readonly (readonly number[])[] {
  const indexes = new Map<string, ReadonlyMap<string, readonly number[]>>();
  return expected.map((row) => {
    const columns = [...row.keys()].sort();
    const signature = JSON.stringify(columns);
    const index = indexes.get(signature) ?? indexRows(actual, columns);
    indexes.set(signature, index);
    return index.get(valuesKey(row, columns)) ?? [];
  });
}

function indexRows(rows: readonly Row[], columns: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [index, row] of rows.entries()) {
    const key = valuesKey(row, columns);
    const list = found.get(key);
    if (list) list.push(index);
    else found.set(key, [index]);
  }
  return found;
}

function valuesKey(row: Row, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => row.get(column) ?? null));
}

/** Of rows without a partner, those of one key, or with at least half of their values in common, are one row that changed. */
function pairAlike(missing: readonly Row[], unexpected: readonly Row[], key: readonly string[]): Difference[] {
  const left = new Set(unexpected.slice(0, MAX_PAIRED));
  const differences = missing.map((expected, index): Difference => {
    const actual = index < MAX_PAIRED ? mostAlike(expected, left, key) : undefined;
    if (!actual) return { kind: 'missing', expected };
    left.delete(actual);
    return { kind: 'changed', expected, actual, columns: differing(expected, actual) };
  });
  return [...differences, ...[...left, ...unexpected.slice(MAX_PAIRED)].map((actual): Difference => ({ kind: 'unexpected', actual }))];
}

function mostAlike(expected: Row, rows: ReadonlySet<Row>, key: readonly string[]): Row | undefined {
  if (key.length > 0 && key.every((column) => expected.has(column))) return [...rows].find((row) => key.every((column) => row.get(column) === expected.get(column)));
  let best: { readonly row: Row; readonly differ: number } | undefined;
  for (const row of rows) {
    const differ = differing(expected, row).length;
    if (differ * 2 <= expected.size && (!best || differ < best.differ)) best = { row, differ };
  }
  return best?.row;
}
