import { type Cell, expectFailing, forAllRows, TEXTS, withTable } from '../testing/check-table';

const REGULAR = ['^a', 'b$', '[0-9]', 'é|🦆', '^$'];
const LIKE = ['a%', '_', '%b%', "it's"];

/** LIKE by hand: the pattern's characters one after the other, % for any number of them. */
function like(text: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '%') return text.length === 0 ? like(text, rest) : like(text, rest) || like(text.slice(1), pattern);
  return text.length > 0 && (first === '_' || first === text[0]) && like(text.slice(1), rest);
}

const present = (rows: readonly Cell[][]): boolean[] => rows.map(([v]) => v !== null);

it('counts texts that match none of several regular expressions, not all of them, or one of them', () =>
  withTable({ v: 'VARCHAR' }, (table) =>
    forAllRows(table, [TEXTS], async (rows) => {
      const matches = rows.map(([v]) => REGULAR.map((pattern) => new RegExp(pattern, 'u').test(String(v))));
      const failing = (good: (found: readonly boolean[]) => boolean): boolean[] => rows.map(([v], n) => v !== null && !good(matches[n] ?? []));
      await expectFailing(table, rows, { kind: 'pattern', column: 'v', patterns: REGULAR }, { failing: failing((found) => found.some(Boolean)), present: present(rows) });
      await expectFailing(table, rows, { kind: 'pattern', column: 'v', patterns: REGULAR.slice(0, 2), match: 'all' }, { failing: failing((found) => found.slice(0, 2).every(Boolean)), present: present(rows) });
      await expectFailing(table, rows, { kind: 'pattern', column: 'v', patterns: REGULAR, not: true }, { failing: failing((found) => !found.some(Boolean)), present: present(rows) });
    }),
  ));

it('takes the patterns of LIKE for the whole text', () =>
  withTable({ v: 'VARCHAR' }, (table) =>
    forAllRows(table, [TEXTS], async (rows) => {
      for (const pattern of LIKE) await expectFailing(table, rows, { kind: 'pattern', column: 'v', patterns: [pattern], syntax: 'like' }, { failing: rows.map(([v]) => v !== null && !like(Array.from(String(v)), Array.from(pattern))), present: present(rows) });
    }),
  ));

it('reads numbers as they are written', () => withTable({ v: 'BIGINT' }, (table) => expectFailing(table, [[12], [7], [null]], { kind: 'pattern', column: 'v', patterns: ['^1'] }, { failing: [false, true, false], present: [true, true, false] })));
