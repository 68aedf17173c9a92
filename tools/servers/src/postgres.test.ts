import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicHome } from './home';
import { passwordsOf } from './passwords';
import { PortPool } from './port';
import { planPostgres, startPostgres, type PostgresPlan } from './postgres';
import { withConnection, type Account } from './postgres-accounts';
import { clusterOf, isReachable } from './postgres-cluster';
import type { ServerContext } from './server';
import { Supervised } from './supervised';
import { waitUntil } from './wait';

const isRoot = process.getuid?.() === 0;
/** A home in a folder that nobody else may enter, as a checkout in root's home directory is. */
const closed = mkdtempSync(join(tmpdir(), 'weir-closed-'));
const home = join(closed, 'home');
const started: Supervised[] = [];
const context: ServerContext = {
  home,
  env: { WEIR_SERVERS: 'native' },
  ports: new PortPool({}, 5_000 + (process.pid % 500)),
  durable: true,
  say: () => undefined,
  signal: new AbortController().signal,
  supervise: (spec) => {
    const supervised = new Supervised(spec);
    started.push(supervised);
    return supervised;
  },
};
let plan: PostgresPlan;

const ask = async <T>(account: Account, sql: string): Promise<T[]> => withConnection(account, async (client) => (await client.query(sql)).rows as T[]);

beforeAll(async () => {
  chmodSync(closed, 0o700);
  mkdirSync(home);
  plan = await planPostgres(context);
  await startPostgres(context, plan);
});
afterAll(async () => {
  await Promise.all(started.map((one) => one.stop()));
  for (const folder of [closed, publicHome(home)]) rmSync(folder, { recursive: true, force: true });
});

test('both databases belong to a role of their own that is no superuser', async () => {
  for (const account of [plan.platform, plan.warehouse]) {
    expect(await ask(account, 'select current_database() as database, pg_get_userbyid(datdba) as owner, rolsuper, rolcreatedb from pg_database, pg_roles where datname = current_database() and rolname = current_user')).toEqual([
      { database: account.database, owner: account.user, rolsuper: false, rolcreatedb: account.user === 'weir' },
    ]);
  }
});

test('a role cannot enter the database of the other', async () => {
  await expect(ask({ ...plan.warehouse, database: 'weir' }, 'select 1')).rejects.toThrow(/permission denied/);
});

test('a wrong password is refused and the right one is readable by its owner only', async () => {
  await expect(ask({ ...plan.platform, password: 'guess' }, 'select 1')).rejects.toThrow(/authentication failed/);
  expect(statSync(join(home, 'passwords.json')).mode & 0o777).toBe(0o600);
  expect(passwordsOf(home).weir).toBe(plan.platform.password);
});

test('Postgres listens on 127.0.0.1 alone and commits durably', async () => {
  const superuser = { ...plan.platform, database: 'postgres', user: 'postgres', password: passwordsOf(home).postgres };
  const [settings] = await ask(superuser, "select current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets, current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('password_encryption') as encryption, current_setting('TimeZone') as zone");
  expect(settings).toEqual({ listen: '127.0.0.1', sockets: '', fsync: 'on', commit: 'on', encryption: 'scram-sha-256', zone: 'UTC' });
});

test('rows committed before a SIGKILL of Postgres are there after its restart', async () => {
  await ask(plan.warehouse, 'create table kept as select 42 as answer');
  const [postgres] = started;
  if (!postgres?.reference) throw new Error('Postgres has no process.');
  process.kill(postgres.reference.pid, 'SIGKILL');
  expect(await waitUntil(() => postgres.restarts > 0 && postgres.condition === 'healthy', { timeoutMs: 30_000 })).toBe(true);
  expect(await ask(plan.warehouse, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('as root, Postgres runs as another user in a folder that this user can reach', () => {
  const cluster = clusterOf(home);
  const expected = isRoot ? { otherUser: true, reachable: true, inHome: false } : { otherUser: false, reachable: false, inHome: true };
  expect({ otherUser: cluster.user !== undefined && cluster.user.uid !== 0, reachable: isReachable(join(cluster.folder, '..')), inHome: cluster.folder.startsWith(home) }).toEqual(expected);
  expect(statSync(cluster.data).uid).toBe(cluster.user?.uid ?? process.getuid?.());
});

test('a given address without its password is MISSING_KEY, an unreachable one SERVER_FAILED with the SQL to run', async () => {
  await expect(planPostgres({ ...context, env: { WEIR_POSTGRES_ADDRESS: '127.0.0.1:1' } })).rejects.toMatchObject({ code: 'MISSING_KEY', place: 'WEIR_POSTGRES_PASSWORD' });
  const env = { WEIR_POSTGRES_ADDRESS: '127.0.0.1:1', WEIR_POSTGRES_PASSWORD: 'secret-p', WEIR_WAREHOUSE_PASSWORD: 'secret-w' };
  const given = await planPostgres({ ...context, env });
  const failure = await startPostgres({ ...context, env }, given).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'SERVER_FAILED', fix: expect.stringContaining('create database weir owner weir') });
  expect(String(failure)).not.toContain('secret');
});

test('a given address whose logins work is used as it is', async () => {
  const { host, port, password } = plan.platform;
  const env = { WEIR_POSTGRES_ADDRESS: `${host}:${port}`, WEIR_POSTGRES_PASSWORD: password, WEIR_WAREHOUSE_PASSWORD: plan.warehouse.password };
  const given = await planPostgres({ ...context, env });
  expect(given).toMatchObject({ platform: plan.platform, warehouse: plan.warehouse });
  expect(await startPostgres({ ...context, env }, given)).toEqual({ how: 'given' });
});
