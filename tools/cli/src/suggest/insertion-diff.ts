import type { Insertion } from '@weir/core';

/** Unchanged lines around a change. */
const CONTEXT = 3;

/** Lines of a unified diff, as `git apply` takes it, for lines that were only added to a text; none without any. */
export function insertionDiff(path: string, text: string, insertions: readonly Insertion[]): string[] {
  if (insertions.length === 0) return [];
  const open = !text.endsWith('\n');
  const lines = text.split('\n').slice(0, open ? undefined : -1);
  const added = (hunk: Hunk): number => hunk.insertions.reduce((sum, insertion) => sum + insertion.lines.length, 0);
  let before = 0;
  const hunks = hunksOf(insertions, lines.length).flatMap((hunk) => {
    const length = hunk.end - hunk.start;
    const header = `@@ -${hunk.start + 1},${length} +${hunk.start + 1 + before},${length + added(hunk)} @@`;
    before += added(hunk);
    return [header, ...bodyOf(hunk, lines, open)];
  });
  // An absolute path begins with a slash of its own.
  const name = path.replace(/^\/+/, '');
  return [`--- a/${name}`, `+++ b/${name}`, ...hunks];
}

/** Neighbouring insertions and the lines around them, from `start` until before `end`. */
interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly insertions: readonly Insertion[];
}

function hunksOf(insertions: readonly Insertion[], lines: number): Hunk[] {
  const hunks: Hunk[] = [];
  for (const insertion of insertions) {
    const [start, end] = [Math.max(0, insertion.line - CONTEXT), Math.min(lines, insertion.line + CONTEXT)];
    const last = hunks.at(-1);
    if (last && start <= last.end) hunks[hunks.length - 1] = { start: last.start, end, insertions: [...last.insertions, insertion] };
    else hunks.push({ start, end, insertions: [insertion] });
  }
  return hunks;
}

function bodyOf({ start, end, insertions }: Hunk, lines: readonly string[], open: boolean): string[] {
  const body: string[] = [];
  for (let line = start; line <= end; line += 1) {
    const here = insertions.filter((insertion) => insertion.line === line).flatMap((insertion) => insertion.lines.map((each) => `+${each}`));
    // A last line without an end gets one: for a diff it is another line.
    if (here.length > 0 && open && line === lines.length) body.splice(-1, 1, `-${lines.at(-1) ?? ''}`, '\\ No newline at end of file', `+${lines.at(-1) ?? ''}`);
    body.push(...here);
    if (line < end) body.push(` ${lines[line] ?? ''}`, ...(open && line === lines.length - 1 && !insertions.some((insertion) => insertion.line === lines.length) ? ['\\ No newline at end of file'] : []));
  }
  return body;
}
