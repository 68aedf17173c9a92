import { WeirError } from '@weir/core';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from './command';
import { publicHome } from './home';
import type { PostgresPrograms } from './postgres-programs';

export interface ClusterUser {
  readonly uid: number;
  readonly gid: number;
}

/** Where a Postgres keeps its data and whose processes it runs as. */
export interface Cluster {
  /** The cluster's own folder, above the data folder. */
  readonly folder: string;
  readonly data: string;
  /** Another user than ours: Postgres refuses to run as root. */
  readonly user: ClusterUser | undefined;
}

/**
 * The cluster of `home`. As root it belongs to the user postgres, else nobody, and lies below the temporary folder when that
 * user cannot reach `home`, such as in a 0700 home directory.
 */
export function clusterOf(home: string): Cluster {
  const user = userToRunAs();
  const folder = join(!user || isReachable(home) ? home : publicHome(home), 'postgres');
  return { folder, data: join(folder, 'data'), user };
}

/** The major version of the cluster's data; undefined before the first start. */
export function dataVersion({ data }: Cluster): number | undefined {
  const file = join(data, 'PG_VERSION');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined;
}

/** Makes the data folder unless it is there; `durable` data is on the disk when it returns. Throws SERVER_FAILED with initdb's words. */
export async function createCluster(cluster: Cluster, programs: PostgresPrograms, password: string, { durable, signal }: { durable: boolean; signal: AbortSignal }): Promise<void> {
  if (dataVersion(cluster) !== undefined) return;
  mkdirSync(cluster.folder, { recursive: true });
  requireOurs(dirname(cluster.folder));
  const draft = join(cluster.folder, 'draft');
  rmSync(draft, { recursive: true, force: true });
  const passwordFile = join(cluster.folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  for (const path of [cluster.folder, passwordFile]) own(path, cluster.user);
  const args = ['--pgdata', draft, '--username', 'postgres', '--auth', 'scram-sha-256', '--pwfile', passwordFile, '--encoding', 'UTF8', '--no-locale', ...(durable ? [] : ['--no-sync'])];
  const { code, output } = await runCommand(join(programs.folder, 'initdb'), args, { user: cluster.user, cwd: cluster.folder, env: quietEnvironment(), timeoutMs: 120_000, signal });
  rmSync(passwordFile, { force: true });
  if (code !== 0) throw new WeirError({ code: 'SERVER_FAILED', place: 'postgres', message: `initdb failed in ${cluster.folder}.`, samples: output.trimEnd().split('\n').slice(-5) });
  // Whole or not at all: an interrupted initdb leaves a draft, never half a cluster.
  renameSync(draft, cluster.data);
}

/** Postgres' own environment: none of the caller's PG* settings, one language, one time zone. */
export function quietEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
}

/** Whether any user may pass through every folder above `path`. */
export function isReachable(path: string): boolean {
  const parent = dirname(path);
  if (existsSync(path) && (statSync(path).mode & 0o001) === 0) return false;
  return parent === path || isReachable(parent);
}

function userToRunAs(): ClusterUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return userNamed('postgres') ?? userNamed('nobody') ?? { uid: 65_534, gid: 65_534 };
}

function userNamed(name: string): ClusterUser | undefined {
  if (!existsSync('/etc/passwd')) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** Below a temporary folder that everyone may write to, somebody else may have made the folder first, to put our data in their hands. */
function requireOurs(folder: string): void {
  const found = lstatSync(folder);
  if (!process.getuid || (found.isDirectory() && found.uid === process.getuid())) return;
  throw new WeirError({ code: 'SERVER_FAILED', place: 'postgres', message: `${folder} belongs to user ${found.uid} and cannot hold the databases.`, fix: 'Remove it, or set WEIR_HOME to a folder of your own.' });
}

function own(path: string, user: ClusterUser | undefined): void {
  if (user) chownSync(path, user.uid, user.gid);
  chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600);
}
