import { Client, type QueryConfig } from 'pg';
import { testDatabase, type TestDatabase } from './database';
import { FaultProxy } from './fault-proxy';
import { until } from './until';

let database: TestDatabase;
let proxy: FaultProxy;
const clients: Client[] = [];

beforeAll(async () => {
  database = await testDatabase();
  await database.pool.query('create table note (id int primary key, text text)');
});
afterAll(() => database?.drop());
beforeEach(async () => {
  proxy = await FaultProxy.start(database.config);
  await database.pool.query('truncate note');
});
afterEach(async () => {
  await proxy.close();
  await Promise.allSettled(clients.splice(0).map((client) => client.end()));
});

async function throughProxy(): Promise<Client> {
  const client = new Client({ ...database.config, port: proxy.port });
  client.on('error', () => undefined);
  clients.push(client);
  await client.connect();
  return client;
}

async function extended(client: Client, text: string): Promise<unknown> {
  const query: QueryConfig & { queryMode: 'extended' } = { text, queryMode: 'extended' };
  return client.query(query);
}

async function stored(): Promise<number> {
  const result = await database.pool.query<{ n: number }>('select count(*)::int as n from note');
  return result.rows[0]?.n ?? -1;
}

test('pass carries large messages both ways unchanged', async () => {
  const client = await throughProxy();
  const text = 'wéir'.repeat(400_000);
  await client.query('insert into note values (1, $1)', [text]);
  const back = await client.query<{ text: string }>('select text from note');
  expect(back.rows[0]?.text === text).toBe(true);
});

test('a lost commit reply fails the client although the transaction took effect', async () => {
  const client = await throughProxy();
  proxy.loseCommitReply({ times: 1 });
  await client.query('begin');
  await client.query("insert into note values (1, 'a')");
  await expect(client.query('commit')).rejects.toThrow();
  expect(await stored()).toBe(1);
  expect(proxy.lostReplies).toBe(1);
});

test('a lost commit reply is counted for prepared statements and only as often as asked', async () => {
  proxy.loseCommitReply({ times: 1 });
  const unlucky = await throughProxy();
  await extended(unlucky, 'begin');
  await unlucky.query('insert into note values ($1, $2)', [1, 'a']);
  await expect(extended(unlucky, 'commit')).rejects.toThrow();

  const lucky = await throughProxy();
  await extended(lucky, 'begin');
  await lucky.query('insert into note values ($1, $2)', [2, 'a']);
  await extended(lucky, 'commit');
  expect(await stored()).toBe(2);
  expect(proxy.lostReplies).toBe(1);
});

test('a commit that rolls back is answered, because nothing took effect', async () => {
  const client = await throughProxy();
  proxy.loseCommitReply({ times: 1 });
  await client.query('begin');
  await client.query("insert into note values (1, 'a')");
  await expect(client.query('select nonsense')).rejects.toThrow(/nonsense/);
  await expect(client.query('commit')).resolves.toMatchObject({ command: 'ROLLBACK' });
  expect(proxy.lostReplies).toBe(0);
  expect(await stored()).toBe(0);
});

test('a blackhole holds the answer back until it passes again', async () => {
  // Nobody else's: other tests ask the same server at the same time.
  const QUESTION = 'select 1 as held_back';
  const client = await throughProxy();
  proxy.blackhole();
  let answered = false;
  const answer = client.query(QUESTION).then(() => (answered = true));
  const other = await database.pool.query<{ n: number }>('select count(*)::int as n from pg_stat_activity where query = $1', [QUESTION]);
  expect(other.rows[0]?.n).toBe(0);
  expect(answered).toBe(false);
  proxy.pass();
  expect(await answer).toBe(true);
});

test('reset cuts open connections and refuses new ones until it passes again', async () => {
  const client = await throughProxy();
  proxy.reset();
  await expect(client.query('select 1')).rejects.toThrow();
  await expect(throughProxy()).rejects.toThrow();
  proxy.pass();
  await expect((await throughProxy()).query('select 1')).resolves.toMatchObject({ rowCount: 1 });
  await until(() => proxy.connections === 1, { timeoutMs: 2_000, what: 'one open connection' });
});
