import { StageGate } from '@weir/platform';
import { connect, serve, type Clients, type LoadResponse, type RpcServer } from '@weir/rpc';
import { until } from '@weir/testkit';
import { readConfig } from './config';
import { Connections } from './connections';
import { services } from './rpc';
import { destinationAt, newRun, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';
import { TestDataset, testModel } from './testing/test-dataset';

let warehouse: Warehouse;
let server: RpcServer;
let clients: Clients;
let load: TestLoad;
let dataset: TestDataset;
beforeAll(async () => {
  warehouse = await openWarehouse();
  dataset = new TestDataset(warehouse.lake, testModel({ name: 'wired', writeMode: 'upsert', key: ['id'], columns: [{ name: 'id', type: 'BIGINT' }] }));
  load = new TestLoad(warehouse, destinationAt(warehouse.config), [dataset]);
  server = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services(load.deps, new StageGate(2)) });
  clients = connect({ load: `127.0.0.1:${server.port}` });
});
afterAll(async () => {
  clients?.close();
  await server?.drain(1_000);
  await load?.destination.close();
  await warehouse?.dispose();
});

test('the rpc ends with the result of the use case, and its errors keep code, place and fix', async () => {
  const snapshot = await dataset.publish(new Map([['all', [{ id: '1' }, { id: '2' }]]]));
  const events: LoadResponse['event'][] = [];
  for await (const { event } of clients.load.load({ context: newRun(), destination: 0, snapshot, restate: false })) events.push(event);
  expect(events.at(-1)).toMatchObject({ $case: 'result', value: { tables: [{ table: 'test.wired', insertedOrUpdated: 2, rowsInTable: 2 }] } });
  const failing = (async () => {
    for await (const _ of clients.load.load({ context: newRun(), destination: 3, snapshot, restate: false })) events.push(undefined);
  })();
  await expect(failing).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('none at position 3') });
});

test('a load that is held up sends progress at least once a second and stops within 5 s of a cancel', async () => {
  const snapshot = await dataset.publish(new Map([['all', [{ id: '3' }]]]));
  const holder = await warehouse.pool.connect();
  await holder.query('begin; lock table test.wired in row exclusive mode; select * from weir.head for update');
  const stop = new AbortController();
  const arrivals: number[] = [];
  const running = (async () => {
    for await (const { event } of clients.load.load({ context: newRun(), destination: 0, snapshot, restate: false }, { signal: stop.signal })) {
      if (event?.$case === 'progress') arrivals.push(performance.now());
    }
  })();
  running.catch(() => undefined);
  await until(() => arrivals.length >= 4, { timeoutMs: 10_000, what: 'four messages' });
  const gaps = arrivals.slice(1).map((at, before) => at - (arrivals[before] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(1_000);
  const at = performance.now();
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  await until(async () => (await warehouse.pool.query("select 1 from pg_stat_activity where datname = current_database() and application_name = 'weir-load' and state <> 'idle'")).rowCount === 0, { timeoutMs: 5_000, what: 'the end of the work' });
  expect(performance.now() - at).toBeLessThan(5_000);
  await holder.query('rollback');
  holder.release();
});

test('settings come from the environment, the password stays out of sight, and a connection that is not configured is named', async () => {
  const config = readConfig({ WEIR_LAKE: '/lake', WEIR_WAREHOUSE_PORT: '6000', WEIR_WAREHOUSE_PASSWORD: 'canary-secret' });
  expect(config).toMatchObject({ host: '127.0.0.1', port: 7414, reflection: true, lake: { folder: '/lake' }, engine: { memoryLimit: '256MB', threads: 2 }, maxStages: 2, connections: { warehouse: { host: '127.0.0.1', port: 6000 } } });
  expect(JSON.stringify(config)).not.toContain('canary-secret');
  expect(() => readConfig({ WEIR_LAKE: '/lake', WEIR_WAREHOUSE_PASSWORD: 'x', WEIR_PORT: 'many' })).toThrow(/WEIR_PORT/);
  const connections = new Connections(config.connections);
  expect(() => connections.destination('lakehouse')).toThrow(expect.objectContaining({ code: 'UNKNOWN_CONNECTION' }));
  expect(connections.destination('warehouse')).toBe(connections.destination('warehouse'));
  await connections.close();
});
