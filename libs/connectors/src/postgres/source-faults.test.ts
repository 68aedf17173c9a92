import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import tls from 'node:tls';
import { toWeirError, type WeirError } from '@weir/core';
import { FaultProxy, testDatabase, until, type TestDatabase } from '@weir/testkit';
import { readPostgres, type PostgresReadOptions } from './source';
import type { PostgresSourceConnection } from './source-connection';
import { reading, readAll, sessions, sourceConnection, WHOLE_TABLE } from './testing/sources';
import { CERTIFICATE, TlsFront } from './testing/tls-front';

/** Rows of the table: more than the sockets on the way hold. */
const ROWS = 200_000;

let database: TestDatabase;
let connection: PostgresSourceConnection;
beforeAll(async () => {
  database = await testDatabase();
  connection = sourceConnection(database.config);
  await database.pool.query(`create schema shop; create unlogged table shop.orders (id bigint, note text); insert into shop.orders select g, repeat(md5(g::text), 4) from generate_series(1, ${ROWS}) g;
    create view shop.slow as select pg_sleep(60)::text as slept; create view shop.stalled as select id, case when id = 5000 then pg_sleep(60)::text else note end as note from shop.orders`);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await until(async () => (await sessions(database)).length === 0, { timeoutMs: 5_000, what: 'The end of all sessions of sources' });
});
afterAll(() => database?.drop());

/** Reads a table as ingest does and gives what it failed with; `onPiece` runs after each piece of bytes. */
async function failure(table: string, to: PostgresSourceConnection, options: PostgresReadOptions, onPiece: (bytes: number) => Promise<void> | void = () => undefined): Promise<{ readonly error: WeirError | undefined; readonly whole: number }> {
  let [bytes, whole] = [0, 0];
  const read = async (): Promise<void> => {
    for await (const part of readPostgres({ table }, to, WHOLE_TABLE, options)) {
      for await (const piece of part.bytes) {
        bytes += piece.length;
        await onPiece(bytes);
      }
      whole += 1;
    }
  };
  return { error: await read().then(() => undefined, toWeirError), whole };
}

async function expectGone(withinMs: number, began = performance.now()): Promise<void> {
  await until(async () => (await sessions(database)).length === 0, { timeoutMs: withinMs });
  expect(performance.now() - began).toBeLessThan(withinMs);
}

test('a connection that breaks in the middle of a part fails the part, and may be tried again', async () => {
  const proxy = await FaultProxy.start(database.config);
  try {
    const broken = await failure('shop.orders', { ...connection, port: proxy.port }, reading(), (bytes) => {
      if (bytes > 5_000_000) proxy.reset();
    });
    expect(broken).toMatchObject({ whole: 0, error: { code: 'UNAVAILABLE', place: 'shop.orders' } });
    proxy.pass();
    const [part] = await readAll({ table: 'shop.orders' }, { ...connection, port: proxy.port });
    expect(part?.rows).toHaveLength(ROWS);
  } finally {
    await proxy.close();
  }
});

test('a server that ends the session in the middle of a part fails the part, and may be tried again', async () => {
  let ended = false;
  const broken = await failure('shop.orders', connection, reading(), async (bytes) => {
    if (bytes < 5_000_000 || ended) return;
    ended = true;
    await database.pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'weir-ingest' and datname = current_database()");
  });
  expect(broken).toMatchObject({ whole: 0, error: { code: 'UNAVAILABLE', place: 'shop.orders' } });
});

test('cancel in the middle of a part ends it and its session within a second', async () => {
  const stop = new AbortController();
  const cancelled = await failure('shop.orders', connection, reading({ signal: stop.signal }), () => stop.abort());
  expect(cancelled).toMatchObject({ whole: 0, error: { code: 'CANCELLED' } });
  await expectGone(1_000);
});

test('cancel while the server still computes ends the query there within a second, with TLS too', async () => {
  const front = await TlsFront.start(database.config);
  const real = tls.connect.bind(tls);
  jest.spyOn(tls, 'connect').mockImplementation(((given: tls.ConnectionOptions) => real({ ...given, ca: CERTIFICATE })) as typeof tls.connect);
  try {
    for (const to of [connection, { ...connection, host: 'db.weir.test', port: front.port, tls: true }]) {
      const stop = new AbortController();
      const reader = failure('shop.slow', to, { ...reading({ signal: stop.signal }), address: () => Promise.resolve(database.config.host) });
      await until(async () => (await sessions(database)).some(({ state, query }) => state === 'active' && query.startsWith('copy')), { timeoutMs: 5_000 });
      stop.abort();
      expect(await reader).toMatchObject({ error: { code: 'CANCELLED' } });
      // The server itself looks for its client every 2 s only.
      await expectGone(1_000);
    }
  } finally {
    await front.close();
  }
});

test('a reader that leaves in the middle of a part leaves nothing running', async () => {
  let left = 0;
  for await (const { bytes } of readPostgres({ table: 'shop.stalled' }, connection, WHOLE_TABLE, reading())) {
    for await (const piece of bytes) if (piece.length > 0) break;
    await until(async () => (await sessions(database)).some(({ waits }) => waits === 'PgSleep'), { timeoutMs: 5_000 });
    left = performance.now();
    break;
  }
  await expectGone(1_000, left);
});

test('a statement that takes longer than the whole may take is ended by the server', async () => {
  expect(await failure('shop.slow', connection, reading({ timeoutMs: 300 }))).toMatchObject({ whole: 0, error: { code: 'DEADLINE', place: 'shop.slow' } });
});

test('a part that is not read to its end is no part: the next is refused', async () => {
  const read = async (): Promise<void> => {
    for await (const part of readPostgres({ table: 'shop.orders' }, connection, WHOLE_TABLE, reading())) expect(part.name).toBe('shop.orders');
  };
  await expect(read()).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('before shop.orders was read to its end') });
});

test('a network that swallows everything is left within a second of a cancel', async () => {
  const proxy = await FaultProxy.start(database.config);
  const stop = new AbortController();
  let swallowed = 0;
  const reader = failure('shop.orders', { ...connection, port: proxy.port }, reading({ signal: stop.signal }), (bytes) => {
    if (bytes < 5_000_000) return;
    proxy.blackhole();
    swallowed = bytes;
  });
  await until(() => swallowed > 0, { timeoutMs: 10_000 });
  const began = performance.now();
  stop.abort();
  expect(await reader).toMatchObject({ whole: 0, error: { code: 'CANCELLED' } });
  expect(performance.now() - began).toBeLessThan(1_000);
  await proxy.close();
});

test('answers that come byte by byte lose nothing: the count of rows comes after their end', async () => {
  await database.pool.query('create table shop.few (id int); insert into shop.few values (1), (2), (3)');
  const crumbs = createServer((client) => {
    const upstream = connect(database.config).setNoDelay(true);
    client.setNoDelay(true).pipe(upstream);
    void (async () => {
      for await (const chunk of upstream as AsyncIterable<Buffer>) {
        for (const byte of chunk) {
          client.write(Buffer.of(byte));
          await new Promise(setImmediate);
        }
      }
    })().catch(() => undefined).finally(() => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  crumbs.listen(0, '127.0.0.1');
  await once(crumbs, 'listening');
  const parts = await readAll({ table: 'shop.few' }, { ...connection, port: (crumbs.address() as AddressInfo).port });
  expect(parts.map(({ rows }) => rows)).toEqual([[['1'], ['2'], ['3']]]);
  crumbs.close();
  await once(crumbs, 'close');
});

test('the goodbye of a session is not waited for: all was read before', async () => {
  const proxy = await FaultProxy.start(database.config);
  const read: number[] = [];
  for await (const { bytes } of readPostgres({ table: 'shop.orders' }, { ...connection, port: proxy.port }, WHOLE_TABLE, reading())) {
    for await (const piece of bytes) read.push(piece.length);
    proxy.blackhole();
  }
  expect(read.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(ROWS * 130);
  await proxy.close();
});

test('a reader that is slower than the server makes it wait: memory holds some pieces, whatever the size of the table', async () => {
  await database.pool.query("create view shop.wide as select id, repeat(note, 8) as note from shop.orders");
  const before = process.memoryUsage().arrayBuffers;
  const held = (): number => process.memoryUsage().arrayBuffers - before;
  let [most, bytes, waited] = [0, 0, false];
  const done = await failure('shop.wide', connection, reading(), async (read) => {
    bytes = read;
    most = Math.max(most, held());
    if (waited) return;
    await until(async () => (await sessions(database)).some(({ waits }) => waits === 'ClientWrite'), { timeoutMs: 5_000 });
    expect(held()).toBeLessThan(8_000_000);
    waited = true;
  });
  expect(done).toMatchObject({ error: undefined, whole: 1 });
  expect(bytes).toBeGreaterThan(200_000_000);
  expect(most).toBeLessThan(100_000_000);
});
