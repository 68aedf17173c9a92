import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '@weir/core';

/** Entries of one walk; a pattern that touches more is a mistake and would only end when memory does. */
const MAX_ENTRIES = 1_000_000;

/**
 * The files below `base` that a pattern of `/`-separated names matches, as paths relative to it, in code unit order. `*` stands for any
 * characters of a name, `?` for one, `**` for any number of folders. As in a shell, names that begin with a dot match only a pattern that does.
 * Folders behind symbolic links are entered where the pattern names them, but not by `**`, so that no circle is walked.
 * Throws what readdir throws, and INVALID_VALUE beyond a million entries.
 */
export async function matchFiles(base: string, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  const budget = { left: MAX_ENTRIES };
  await walk(base, '', pattern.split('/'), found, budget);
  return [...found].sort();
}

async function walk(base: string, folder: string, steps: readonly string[], found: Set<string>, budget: { left: number }): Promise<void> {
  const [step = '', ...rest] = steps;
  if (step === '**' && rest.length > 0) await walk(base, folder, rest, found, budget);
  for (const entry of await readdir(join(base, folder), { withFileTypes: true })) {
    if ((budget.left -= 1) < 0) throw new WeirError({ code: 'INVALID_VALUE', message: `The pattern walks over more than ${MAX_ENTRIES} files and folders below ${base}.`, fix: 'Use a narrower source.path.' });
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (step === '**' ? entry.name.startsWith('.') : !matchesName(step, entry.name)) continue;
    const kind = entry.isSymbolicLink() ? await stat(join(base, path)).catch(() => undefined) : entry;
    if (step === '**') {
      if (entry.isDirectory()) await walk(base, path, steps, found, budget);
      else if (rest.length === 0 && kind?.isFile()) found.add(path);
    } else if (rest.length === 0) {
      if (kind?.isFile()) found.add(path);
    } else if (kind?.isDirectory()) {
      await walk(base, path, rest, found, budget);
    }
  }
}

/** Whether a name matches a pattern of `*` and `?`; takes time proportional to the product of the lengths, whatever the pattern. */
export function matchesName(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  // Not by code unit: `?` stands for one character, also outside of the basic plane.
  const [marks, signs] = [Array.from(pattern), Array.from(name)];
  let [at, mark] = [0, 0];
  let [star, resume] = [-1, 0];
  while (at < signs.length) {
    if (mark < marks.length && marks[mark] === '*') {
      [star, resume] = [mark, at];
      mark += 1;
    } else if (mark < marks.length && (marks[mark] === '?' || marks[mark] === signs[at])) {
      [at, mark] = [at + 1, mark + 1];
    } else if (star >= 0) {
      // The last star takes one sign more; earlier ones need not be tried again.
      resume += 1;
      [at, mark] = [resume, star + 1];
    } else return false;
  }
  return marks.slice(mark).every((left) => left === '*');
}

/** What all paths begin with that a pattern matches. */
export function fixedPrefix(pattern: string): string {
  const open = pattern.search(/[*?]/);
  return open < 0 ? pattern : pattern.slice(0, open);
}

/** Whether a pattern as of matchFiles matches a path that was not found by a walk, such as the key of an object; one that ends with `/` is a folder. */
export function matchesPath(pattern: string, path: string): boolean {
  const names = path.split('/');
  if (names.at(-1) === '') return false;
  const steps = pattern.split('/');
  if (steps.at(-1) === '**') steps.push('*');
  // How many names the steps so far can stand for.
  let reached = new Set([0]);
  for (const step of steps) {
    const next = [...reached].flatMap((from) => (step === '**' ? foldersFrom(names, from) : from < names.length && matchesName(step, names[from] ?? '') ? [from + 1] : []));
    reached = new Set(next);
  }
  return reached.has(names.length);
}

/** Every place to which `**` can lead: over any number of names, none of them hidden. */
function foldersFrom(names: readonly string[], from: number): number[] {
  const hidden = names.findIndex((name, at) => at >= from && name.startsWith('.'));
  const last = hidden < 0 ? names.length : hidden;
  return Array.from({ length: last - from + 1 }, (_, at) => from + at);
}
