import { StageGate } from '@weir/platform';
import { connect, serve, type Clients, type RpcServer } from '@weir/rpc';
import { services } from './rpc';
import { destinationAt, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';
import { TestDataset, testModel } from './testing/test-dataset';

let warehouse: Warehouse;
let load: TestLoad;
let server: RpcServer;
let clients: Clients;
const [lines, totals] = ['head_lines', 'head_totals'].map((name) => testModel({ name, writeMode: 'upsert', key: ['id'], columns: [{ name: 'id', type: 'BIGINT' }] }));
let datasets: TestDataset[];
beforeAll(async () => {
  warehouse = await openWarehouse();
  datasets = [lines, totals].flatMap((model) => (model ? [new TestDataset(warehouse.lake, model)] : []));
  load = new TestLoad(warehouse, destinationAt(warehouse.config), datasets);
  server = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services(load.deps, new StageGate(2)) });
  clients = connect({ load: `127.0.0.1:${server.port}` });
});
afterAll(async () => {
  clients?.close();
  await server?.drain(1_000);
  await load?.destination.close();
  await warehouse?.dispose();
});

const heads = async () => (await clients.load.listHeads({ pipeline: 'test' })).heads;

test('heads are what the ledger says of tables that are there: none before a load, the snapshot after it, none of a table that was dropped or is another pipeline’s', async () => {
  expect(await heads()).toEqual([]);
  // Asking made nothing: a destination belongs to its owner.
  expect((await warehouse.pool.query("select 1 from pg_namespace where nspname in ('weir', 'test')")).rowCount).toBe(0);
  for (const id of ['1', '2', '3']) for (const dataset of datasets) await dataset.publish(new Map([['all', [{ id }]]]));
  await load.to(2);
  expect(await heads()).toEqual([{ connection: 'warehouse', table: 'test.head_lines', snapshot: 2 }, { connection: 'warehouse', table: 'test.head_totals', snapshot: 2 }]);
  await load.to(3);
  await warehouse.pool.query('drop table test.head_totals');
  expect(await heads()).toEqual([{ connection: 'warehouse', table: 'test.head_lines', snapshot: 3 }]);
  await warehouse.pool.query("update weir.head set pipeline = 'other'");
  expect(await heads()).toEqual([]);
});

test('one destination that does not answer makes the whole answer fail: its tables may stand anywhere', async () => {
  const nowhere = destinationAt({ ...warehouse.config, host: '127.0.0.1' }, 1);
  const broken = new TestLoad(warehouse, load.destination, datasets, { destinationOf: () => nowhere });
  const other = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services(broken.deps, new StageGate(2)) });
  const asking = connect({ load: `127.0.0.1:${other.port}` });
  await expect(asking.load.listHeads({ pipeline: 'test' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  asking.close();
  await other.drain(1_000);
  await nowhere.close();
});
