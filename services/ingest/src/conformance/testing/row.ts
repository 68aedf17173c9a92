/** A row of every source of the suite. */
export interface Row {
  readonly id: number;
  /** ISO 8601 with milliseconds, in UTC. */
  readonly at: string;
  readonly note: string | null;
  readonly tags: readonly (string | null)[] | null;
}

/** Texts that formats on the way could take for something else. */
const NOTES: readonly (string | null)[] = [
  null,
  '',
  ' ',
  'NULL',
  '\\N',
  '\\.',
  'with "quotes"',
  '"',
  '""',
  "it's",
  'comma, semicolon; tab\t| pipe',
  'line\nfeed',
  'return\r\nand feed',
  '\r',
  'back\\slash\\',
  '#hash',
  '{"json": [1, null]}',
  '0012',
  '1e5',
  'Zürich 東京 مرحبا 🚢 e\u0301',
  '\u2028\u0085\ufeff',
  'long '.repeat(40_000),
];

/** Lists that a format on the way may have its own words for. */
const TAGS: readonly Row['tags'][] = [null, [], [''], [null], ['a', 'b'], ['NULL', null, 'null', ' '], ['with "quotes"', "it's", 'comma, {brace}', '}', '[1]', 'back\\slash\\', 'line\nfeed', '漢🚢']];

/** The n-th day of the suite, from 0, as the start of its grain. */
export function day(n: number): string {
  return `2026-01-${String(n + 1).padStart(2, '0')}T00:00:00Z`;
}

/** The suite's rows of a day: at its first and at its last millisecond, and between. What is in their notes is as hostile as it is long, and cannot be compressed to little. */
export function rowsOfDay(n: number): Row[] {
  const start = Date.parse(day(n));
  const notes = [...NOTES, ...Array.from({ length: 200 }, (_, at) => noise(n * 1_000 + at + 1))];
  const last = notes.length - 1;
  return notes.map((note, at) => ({ id: n * 1_000 + at + 1, at: new Date(at === last ? start + 86_399_999 : start + at * 60_000).toISOString(), note, tags: TAGS[at % TAGS.length] ?? null }));
}

function noise(seed: number): string {
  const words = Uint32Array.from({ length: 256 }, (_, at) => Math.imul(seed * 256 + at, 2_654_435_761));
  return Buffer.from(words.buffer).toString('base64');
}

/** As text, whatever the order in which rows came. */
export function sorted(rows: readonly Row[]): string[] {
  return rows.toSorted((one, other) => one.id - other.id).map((row) => JSON.stringify(row));
}
