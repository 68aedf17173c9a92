import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Passwords of one platform's Postgres: its superuser and the owners of the two databases. */
export interface Passwords {
  readonly postgres: string;
  readonly weir: string;
  readonly warehouse: string;
}

/** The passwords of `home`, made at random the first time and kept in a file that only its owner can read. */
export function passwordsOf(home: string): Passwords {
  const file = join(home, 'passwords.json');
  if (!existsSync(file)) {
    mkdirSync(home, { recursive: true });
    const made: Passwords = { postgres: random(), weir: random(), warehouse: random() };
    writeFileSync(file, JSON.stringify(made, undefined, 2), { mode: 0o600, flag: 'wx' });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Passwords;
}

function random(): string {
  return randomBytes(18).toString('base64url');
}
