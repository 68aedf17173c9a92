import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The repository's root: three folders up both from this file and from a bundle in tools/<name>/dist. */
export const ROOT = resolve(__dirname, '../../..');

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder of state, logs and data: WEIR_HOME, else .weir in the repository. */
export function weirHome(env: Environment = process.env): string {
  return resolve(env['WEIR_HOME'] || join(ROOT, '.weir'));
}

/** The per-user folder of built servers: $XDG_CACHE_HOME/weir, else ~/.cache/weir. Binaries carry their version in their name. */
export function cacheHome(env: Environment = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir');
}

/** A folder below the temporary one that belongs to `home` alone, for what must be reachable by another user than ours. */
export function publicHome(home: string): string {
  return join(tmpdir(), `weir-${keyOf(home)}`);
}

/** The folder below `home` for copies of a lake in a bucket; each process of a service has a folder of its own in it. */
export function lakeCache(home: string): string {
  return join(home, 'lake-cache');
}

/** Removes everything a platform kept for `home`, in the home and beside it. It must be down. */
export function removeHome(home: string): void {
  for (const folder of [home, publicHome(home)]) rmSync(folder, { recursive: true, force: true });
}

/** Eight hex digits that tell one home from another, in the names of folders and containers. */
export function keyOf(home: string): string {
  return createHash('sha256').update(home).digest('hex').slice(0, 8);
}
