import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { isAlive, referenceTo, type ProcessReference } from './process-reference';

/**
 * Claims a port for as long as this process lives, among all platforms of this user; false when another live process has it.
 * A port is free from its choice until its server binds it, which is seconds: two platforms that start at once would choose
 * the same one, and each would take the other's service for its own.
 */
export function claimPort(port: number): boolean {
  const folder = join(tmpdir(), `weir-ports-${userInfo().username}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, String(port));
  const owner = ownerOf(file);
  if (owner && isAlive(owner)) return owner.pid === process.pid;
  rmSync(file, { force: true });
  try {
    // Exclusive: of two that see a dead owner at once, one gets it.
    writeFileSync(file, JSON.stringify(referenceTo(process.pid)), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function ownerOf(file: string): ProcessReference | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessReference;
  } catch {
    return undefined;
  }
}
