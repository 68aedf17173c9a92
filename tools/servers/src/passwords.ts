import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './whole-file';

/** Whoever logs into a platform's Postgres: its superuser and the owners of the databases. */
const ROLES = ['postgres', 'weir', 'warehouse', 'registry'] as const;
export type Passwords = Readonly<Record<(typeof ROLES)[number], string>>;

/** The passwords of `home`, made at random the first time and kept in a file that only its owner can read. */
export function passwordsOf(home: string): Passwords {
  const file = join(home, 'passwords.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Passwords>) : {};
  const all = Object.fromEntries(ROLES.map((role) => [role, known[role] ?? random()])) as Passwords;
  // A home of an older version lacks some.
  if (ROLES.some((role) => known[role] === undefined)) writeWhole(file, JSON.stringify(all, undefined, 2), 0o600);
  return all;
}

function random(): string {
  return randomBytes(18).toString('base64url');
}
