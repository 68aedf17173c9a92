import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Insertion } from '@weir/core';
import { insertionDiff } from './insertion-diff';

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'weir-diff-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const text = (lines: number, end = '\n'): string => Array.from({ length: lines }, (_, n) => `line ${n}`).join('\n') + end;

/** The file as git makes it from the difference. */
function applied(before: string, insertions: readonly Insertion[]): string {
  writeFileSync(join(folder, 'a.yaml'), before);
  execFileSync('git', ['apply', '-'], { cwd: folder, input: `${insertionDiff('a.yaml', before, insertions).join('\n')}\n`, env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() } });
  return readFileSync(join(folder, 'a.yaml'), 'utf8');
}

/** The file as it should be: lines put in from the end, so that numbers stay right. */
function expected(before: string, insertions: readonly Insertion[]): string {
  const lines = before.replace(/\n$/, '').split('\n');
  for (const { line, lines: added } of [...insertions].reverse()) lines.splice(line, 0, ...added);
  return `${lines.join('\n')}\n`;
}

const at = (line: number, ...lines: string[]): Insertion => ({ line, lines });

test.each<[string, string, Insertion[]]>([
  ['in the middle', text(20), [at(10, 'a', 'b')]],
  ['at both ends', text(20), [at(0, 'a'), at(20, 'b')]],
  ['near each other', text(20), [at(5, 'a'), at(8, 'b'), at(11, 'c', 'd')]],
  ['far from each other', text(40), [at(5, 'a'), at(20, 'b'), at(39, 'c')]],
  ['twice before one line', text(9), [at(4, 'a'), at(4, 'b')]],
  ['of a short text', text(2), [at(1, '- x')]],
  ['after a last line without an end', text(9, ''), [at(3, 'a'), at(9, 'b')]],
])('lines that are added %s are what git reads from the difference', (_where, before, insertions) => {
  expect(applied(before, insertions)).toBe(expected(before, insertions));
});

test('a last line without an end is left as it is where nothing comes after it', () => {
  expect(applied(text(6, ''), [at(4, 'a')])).toBe('line 0\nline 1\nline 2\nline 3\na\nline 4\nline 5');
});

test('nothing differs without additions', () => {
  expect(insertionDiff('a.yaml', text(3), [])).toEqual([]);
});
