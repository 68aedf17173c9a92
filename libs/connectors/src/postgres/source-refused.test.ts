import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import tls from 'node:tls';
import { formatError, toWeirError, WeirError } from '@weir/core';
import { testDatabase, until, type TestDatabase } from '@weir/testkit';
import { readPostgres } from './source';
import type { PostgresSourceConnection } from './source-connection';
import { reading, readAll, sessions, sourceConnection, WHOLE_TABLE } from './testing/sources';
import { CERTIFICATE, TlsFront } from './testing/tls-front';

const WRONG = 'not-the-password-7391';

let database: TestDatabase;
let connection: PostgresSourceConnection;
beforeAll(async () => {
  database = await testDatabase();
  connection = sourceConnection(database.config);
  await database.pool.query('create schema shop; create table shop.orders (id int); insert into shop.orders values (1)');
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(() => database?.drop());

/** The failure of a reading, which never says a password. */
async function failure(change: Partial<PostgresSourceConnection>, table = 'shop.orders', options = reading()): Promise<WeirError> {
  const failed = await readPostgres({ table }, { ...connection, ...change }, WHOLE_TABLE, options).next().then(() => undefined, toWeirError);
  if (!failed) throw new Error('The reading did not fail.');
  const shown = `${formatError(failed)}${JSON.stringify(failed)}${failed.stack}`;
  expect(shown).not.toContain(WRONG);
  expect(shown).not.toContain(database.config.password);
  return failed;
}

const PLACE = (): string => `${database.config.host}:${database.config.port}/${database.config.database}`;

test('a wrong password, no password, and a user or database that is not there are refused and named', async () => {
  const { user } = database.config;
  expect(await failure({ password: { reveal: () => WRONG } })).toMatchObject({ code: 'SOURCE_REFUSED', place: PLACE(), message: `Postgres: password authentication failed for user "${user}" [28P01]`, fix: expect.stringContaining('secret of its password') });
  expect(await failure({ password: undefined })).toMatchObject({ code: 'SOURCE_REFUSED', place: PLACE(), message: expect.stringContaining('password') });
  expect(await failure({ user: 'nobody_here' })).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('nobody_here') });
  expect(await failure({ database: 'no_such_database' })).toMatchObject({ code: 'SOURCE_REFUSED', message: 'Postgres: database "no_such_database" does not exist [3D000]' });
});

test('the environment of the service is not where a missing password is looked for', async () => {
  process.env['PGPASSWORD'] = database.config.password;
  try {
    expect(await failure({ password: undefined })).toMatchObject({ code: 'SOURCE_REFUSED' });
  } finally {
    delete process.env['PGPASSWORD'];
  }
});

test('a table that is not there is refused, with the one that was meant', async () => {
  expect(await failure({}, 'shop.order')).toMatchObject({ code: 'SOURCE_REFUSED', place: 'shop.order', message: 'There is no table shop.order in the database.', fix: expect.stringContaining('`orders`') });
  expect(await failure({}, 'nowhere.orders')).toMatchObject({ code: 'SOURCE_REFUSED', place: 'nowhere.orders' });
  await database.pool.query('create table shop.nothing (); create sequence shop.numbers');
  expect(await failure({}, 'shop.nothing')).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('has no columns') });
  expect(await failure({}, 'shop.numbers')).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('no table shop.numbers') });
});

test('a table that the user may not read is refused, with the rights that it takes', async () => {
  await database.pool.query('create table shop.secrets (id int); revoke all on shop.secrets from current_user');
  expect(await failure({}, 'shop.secrets')).toMatchObject({ code: 'SOURCE_REFUSED', place: 'shop.secrets', message: 'Postgres: permission denied for table secrets [42501]', fix: expect.stringContaining('select on the table') });
});

test('a view that fails on a row is SOURCE_UNREADABLE and does not say the row', async () => {
  await database.pool.query("create table shop.texts (t text); insert into shop.texts values ('4711-secret'); create view shop.numbers_of as select t::int from shop.texts");
  const failed = await readAll({ table: 'shop.numbers_of' }, connection).then(() => undefined, toWeirError);
  expect(failed).toMatchObject({ code: 'SOURCE_UNREADABLE', place: 'shop.numbers_of', message: 'Postgres: invalid input syntax for type integer: "…" [22P02]' });
  await until(async () => (await sessions(database)).length === 0, { timeoutMs: 2_000 });
});

test('nobody at the address, or somebody who never answers, is UNAVAILABLE', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const stop = new AbortController();
  const waiting = failure({ port }, 'shop.orders', reading({ signal: stop.signal }));
  await once(silent, 'connection');
  stop.abort();
  expect(await waiting).toMatchObject({ code: 'CANCELLED' });
  silent.close();
  await once(silent, 'close');
  expect(await failure({ port })).toMatchObject({ code: 'UNAVAILABLE', place: `127.0.0.1:${port}/${database.config.database}` });
});

test('nothing is connected to that may not be reached', async () => {
  const asked: unknown[] = [];
  const address = (host: string, port: number): Promise<string> => {
    asked.push([host, port]);
    return Promise.reject(new WeirError({ code: 'EGRESS_DENIED', message: 'Not there.' }));
  };
  expect(await failure({ host: 'db.weir.test', port: 5433 }, 'shop.orders', { ...reading(), address })).toMatchObject({ code: 'EGRESS_DENIED' });
  expect(asked).toEqual([['db.weir.test', 5433]]);
});

test('with TLS, a server without it is refused before anything is sent', async () => {
  expect(await failure({ tls: true })).toMatchObject({ code: 'SOURCE_REFUSED', place: PLACE(), message: 'Postgres: The server does not support SSL connections', fix: expect.stringContaining('certificate') });
});

test('with TLS, the certificate must be of the host and known; the connection is made to the address that the name was found at', async () => {
  const front = await TlsFront.start(database.config);
  // The host has no entry anywhere: its only address is the one that is given.
  const options = { ...reading(), address: () => Promise.resolve(front.host) };
  const there = { host: 'db.weir.test', port: front.port, tls: true };
  try {
    expect(await failure(there, 'shop.orders', options)).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringMatching(/self-signed certificate/) });
    // As NODE_EXTRA_CA_CERTS does, which is only read when the process starts.
    const real = tls.connect.bind(tls);
    jest.spyOn(tls, 'connect').mockImplementation(((given: tls.ConnectionOptions) => real({ ...given, ca: CERTIFICATE })) as typeof tls.connect);
    expect(await failure({ ...there, host: 'other.weir.test' }, 'shop.orders', options)).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringMatching(/does not match certificate/) });
    expect(await failure({ ...there, host: '127.0.0.1' }, 'shop.orders', options)).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringMatching(/IP: 127.0.0.1 is not in the cert/) });
    const parts: string[] = [];
    for await (const { bytes } of readPostgres({ table: 'shop.orders' }, { ...connection, ...there }, WHOLE_TABLE, options)) for await (const piece of bytes) parts.push(piece.toString());
    expect(parts.join('')).toBe('id\n1\n');
    expect(front.asked).toEqual(['db.weir.test']);
  } finally {
    await front.close();
  }
});
