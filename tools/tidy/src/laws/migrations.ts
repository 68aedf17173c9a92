import { basename, dirname } from 'node:path';
import type { TextFile } from '../repository';
import type { Violation } from '../violation';

const NUMBERED = /^(\d{3})-[a-z0-9]+(-[a-z0-9]+)*\.sql$/;

/** Migrations are NNN-name.sql, counted from 001 without a gap, so that their order is their name. */
export function misnumberedMigrations(files: readonly TextFile[]): Violation[] {
  const violations: Violation[] = [];
  const next = new Map<string, number>();
  for (const { path } of files.filter((file) => /\/migrations\/[^/]+$/.test(file.path))) {
    const expected = next.get(dirname(path)) ?? 1;
    const number = NUMBERED.exec(basename(path))?.[1];
    if (number === undefined) {
      violations.push({ path, line: 1, message: 'The migration is not named NNN-name.sql.', fix: 'Number it after the last one.' });
      continue;
    }
    if (Number(number) !== expected) violations.push({ path, line: 1, message: `The migration is number ${number}; ${String(expected).padStart(3, '0')} is next.`, fix: 'Number migrations from 001 without gaps or repeats.' });
    next.set(dirname(path), Number(number) + 1);
  }
  return violations;
}
