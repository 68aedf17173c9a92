import { WeirError } from '@weir/core';
import { join } from 'node:path';
import { container } from './container';
import { findServer, preference } from './find';
import { passwordsOf, type Passwords } from './passwords';
import { canLogIn, createAccounts, requireAccounts, type Account } from './postgres-accounts';
import { clusterOf, createCluster, dataVersion, isReachable, quietEnvironment } from './postgres-cluster';
import { copyReachable, lookForPostgres, unpackPostgres, type PostgresPrograms } from './postgres-programs';
import type { RunningServer, ServerContext } from './server';
import type { ProcessSpec } from './supervised';
import { IMAGES } from './versions';

const START_MS = 60_000;

export interface PostgresPlan {
  /** The platform's own database. */
  readonly platform: Account;
  /** Where pipelines deliver to by default. */
  readonly warehouse: Account;
  readonly given: boolean;
}

/**
 * Chooses address and logins, at once. The order of origins: WEIR_POSTGRES_ADDRESS (host:port, with WEIR_POSTGRES_PASSWORD and
 * WEIR_WAREHOUSE_PASSWORD; users and databases are `weir` and `warehouse` unless WEIR_POSTGRES_USER, …_DATABASE say otherwise) →
 * PATH, cache, /usr/lib/postgresql → Docker → the npm packages' own.
 */
export async function planPostgres({ env, home, ports }: ServerContext): Promise<PostgresPlan> {
  const address = env['WEIR_POSTGRES_ADDRESS'];
  if (address) return { platform: givenAccount(env, address, 'POSTGRES', 'weir'), warehouse: givenAccount(env, address, 'WAREHOUSE', 'warehouse'), given: true };
  const [port, passwords] = [await ports.choose('postgres'), passwordsOf(home)];
  const account = (name: 'weir' | 'warehouse'): Account => ({ host: '127.0.0.1', port, database: name, user: name, password: passwords[name] });
  return { platform: account('weir'), warehouse: account('warehouse'), given: false };
}

/** Finds and starts the server of a plan; returns once both databases can be logged into. */
export async function startPostgres(context: ServerContext, plan: PostgresPlan): Promise<RunningServer> {
  if (plan.given) {
    await requireAccounts([plan.platform, plan.warehouse]);
    return { how: 'given' };
  }
  const passwords = passwordsOf(context.home);
  const superuser = superuserOf(plan, passwords);
  const version = dataVersion(clusterOf(context.home));
  const origin = await findServer(preference(context.env), { name: 'postgres', look: () => lookForPostgres(version), build: () => unpack(context, version) });
  const spec = origin.kind === 'docker' ? inDocker(context, superuser) : await natively(context, superuser, origin.found, passwords);
  context.say('starting');
  await context.supervise(spec).start(origin.kind === 'docker' ? START_MS * 5 : START_MS);
  await createAccounts(superuser, ['weir', 'warehouse'], passwords);
  return { how: origin.kind === 'docker' ? `docker ${IMAGES.postgres}` : join(origin.found.folder, 'postgres') };
}

/**
 * The login of the schema registry to a database of its own, made when it is first asked for; Postgres must run. Where a Postgres was given, from
 * WEIR_REGISTRY_PASSWORD, and WEIR_REGISTRY_USER and _DATABASE unless they are `registry`. Throws MISSING_KEY, SERVER_FAILED.
 */
export async function registryAccount({ env, home }: ServerContext, plan: PostgresPlan): Promise<Account> {
  const { host, port } = plan.platform;
  if (plan.given) {
    const account = givenAccount(env, `${host}:${port}`, 'REGISTRY', 'registry');
    await requireAccounts([account]);
    return account;
  }
  const passwords = passwordsOf(home);
  await createAccounts(superuserOf(plan, passwords), ['registry'], passwords);
  return { host, port, database: 'registry', user: 'registry', password: passwords.registry };
}

function superuserOf(plan: PostgresPlan, passwords: Passwords): Account {
  return { ...plan.platform, database: 'postgres', user: 'postgres', password: passwords.postgres };
}

async function unpack({ home, say }: ServerContext, version: number | undefined): Promise<PostgresPrograms> {
  say('unpacking the Postgres of the npm packages');
  const programs = await unpackPostgres();
  if (version === undefined || version === programs.major) return programs;
  const { data } = clusterOf(home);
  throw new WeirError({ code: 'SERVER_FAILED', place: 'postgres', message: `The data in ${data} is of Postgres ${version}, which is no longer installed; there is Postgres ${programs.major}.`, fix: `Install Postgres ${version}, or move ${data} away to start empty.` });
}

async function natively({ home, durable, signal, say }: ServerContext, superuser: Account, found: PostgresPrograms, passwords: Passwords): Promise<ProcessSpec> {
  const cluster = clusterOf(home);
  const programs = cluster.user && !isReachable(found.folder) ? copyReachable(found, `${cluster.folder}-programs`) : found;
  if (dataVersion(cluster) === undefined) say('creating the databases');
  await createCluster(cluster, programs, passwords.postgres, { durable, signal });
  return {
    ...common(home, superuser),
    command: join(programs.folder, 'postgres'),
    args: ['-D', cluster.data, ...settings({ host: '127.0.0.1', port: superuser.port, durable })],
    env: quietEnvironment(),
    cwd: cluster.folder,
    user: cluster.user,
  };
}

function inDocker({ home, durable }: ServerContext, superuser: Account): ProcessSpec {
  const { command, args, cleanUp } = container({
    server: 'postgres',
    home,
    image: IMAGES.postgres,
    ports: [[superuser.port, 5432]],
    data: '/var/lib/postgresql',
    // By name only: the value comes from the environment, so that no password stands in a process list.
    options: ['--env', 'POSTGRES_PASSWORD', '--env', 'POSTGRES_INITDB_ARGS', '--stop-signal', 'SIGINT'],
    command: ['postgres', ...settings({ host: '*', port: 5432, durable })],
  });
  return { ...common(home, superuser), command, args, cleanUp, env: { ...process.env, POSTGRES_PASSWORD: superuser.password, POSTGRES_INITDB_ARGS: '--no-locale --encoding=UTF8 --auth=scram-sha-256' } };
}

function common(home: string, superuser: Account): Pick<ProcessSpec, 'name' | 'logFile' | 'healthy' | 'stopSignal'> {
  // SIGINT is Postgres' fast shutdown: it ends sessions and writes everything; SIGTERM would wait for clients to leave.
  return { name: 'postgres', logFile: join(home, 'logs/postgres.log'), healthy: () => canLogIn(superuser), stopSignal: 'SIGINT' };
}

/** Commit timestamps tell when a row could first be seen, which no column can: `select pg_xact_commit_timestamp(xmin)`. */
function settings({ host, port, durable }: { host: string; port: number; durable: boolean }): string[] {
  const safety = durable ? { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' } : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const all = { listen_addresses: host, port, unix_socket_directories: host === '*' ? '/var/run/postgresql' : '', max_connections: 200, password_encryption: 'scram-sha-256', timezone: 'UTC', log_timezone: 'UTC', track_commit_timestamp: 'on', ...safety };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function givenAccount(env: ServerContext['env'], address: string, prefix: 'POSTGRES' | 'WAREHOUSE' | 'REGISTRY', name: string): Account {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(address) ?? [];
  if (!host || !port) throw new WeirError({ code: 'INVALID_VALUE', place: 'WEIR_POSTGRES_ADDRESS', message: `WEIR_POSTGRES_ADDRESS is \`${address}\`.`, fix: 'Use host:port.' });
  const password = env[`WEIR_${prefix}_PASSWORD`];
  if (!password) throw new WeirError({ code: 'MISSING_KEY', place: `WEIR_${prefix}_PASSWORD`, message: `WEIR_POSTGRES_ADDRESS is set and WEIR_${prefix}_PASSWORD is not.`, fix: `Set WEIR_${prefix}_PASSWORD to the password of \`${name}\` there.` });
  return { host, port: Number(port), database: env[`WEIR_${prefix}_DATABASE`] || name, user: env[`WEIR_${prefix}_USER`] || name, password };
}
