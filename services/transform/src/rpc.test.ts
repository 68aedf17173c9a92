import { StageGate } from '@weir/platform';
import { connect, Scope, serve, type Clients, type RpcServer, type ServeOptions, type TransformRequest } from '@weir/rpc';
import { services } from './rpc';
import { batchRequest, bronzeBatch, defineStream } from './testing/click-stream';
import { defineShop, intervalRequest, Workshop, type ModelText } from './testing/workshop';

const DAY = { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' };
const QUICK: ModelText = { name: 'gold.quick', scope: 'interval', sql: 'select count(*) as n from bronze.orders' };
const ENDLESS: ModelText = { name: 'gold.endless', scope: 'interval', sql: 'with recursive r as (select product, 1 as n from bronze.orders union all select product, (n + 1) % 1000 from r) select count(*) as n from r' };

let shop: Workshop;
let server: RpcServer;
let clients: Clients;
beforeEach(async () => {
  shop = await Workshop.open();
});
afterEach(async () => {
  clients.close();
  await server.drain(5_000);
  await shop.close();
});

async function listen(offered: ServeOptions['services']): Promise<void> {
  server = await serve({ host: '127.0.0.1', port: 0, services: offered, reflection: false });
  server.setReady(true);
  clients = connect({ transform: `127.0.0.1:${server.port}` });
}

async function start(model: ModelText): Promise<TransformRequest> {
  // One place, so that a call that does not end keeps the next one out.
  await listen(services(shop.dependencies(await defineShop([model])), new StageGate(1)));
  return intervalRequest('run-1', await shop.stageBronze('run-1', [{ partition: DAY.start, product: 'apple', amount: '1.000' }]), DAY);
}

it('Transform streams a result that names the staged manifest', async () => {
  const request = await start(QUICK);
  const events = [];
  for await (const { event } of clients.transform.transform(request)) events.push(event);
  const last = events.at(-1);
  expect(last?.$case).toBe('result');
  const result = last?.$case === 'result' ? last.value : undefined;
  expect(result?.models).toMatchObject([{ name: 'gold.quick', rowsIn: 1, rowsOut: 1 }]);
  expect([...(await shop.manifest(result?.staged)).keys()]).toEqual(['gold.quick']);
});

it('Transform tells its progress at least once a second, and a cancelled call ends within 5 s', async () => {
  const request = await start(ENDLESS);
  const controller = new AbortController();
  const times: number[] = [];
  let cancelled = 0;
  const watch = async (): Promise<void> => {
    for await (const { event } of clients.transform.transform(request, { signal: controller.signal })) {
      times.push(performance.now());
      if (event?.$case !== 'progress' || event.value.step !== 'gold.endless' || times.length < 4) continue;
      cancelled = performance.now();
      controller.abort();
    }
  };
  await expect(watch()).rejects.toMatchObject({ code: 'CANCELLED' });
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(1_000);
  // The place is free again once the work has really stopped; this call then fails for its own reason.
  const next = async (): Promise<void> => {
    for await (const event of clients.transform.transform({ ...request, scope: Scope.UNSPECIFIED })) void event;
  };
  await expect(next()).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  expect(performance.now() - cancelled).toBeLessThan(5_000);
});

it('Transform answers with the error of the one table, details and all', async () => {
  const request = await start({ name: 'gold.bad', scope: 'interval', sql: 'select product::integer as n from bronze.orders' });
  const call = async (): Promise<void> => {
    for await (const event of clients.transform.transform(request)) void event;
  };
  await expect(call()).rejects.toMatchObject({ code: 'MODEL_FAILED', place: 'models/gold/bad.sql:1:15' });
});

it('TransformBatch answers with rows for tables, waits for no stage that has all places, and answers with the error of the one table', async () => {
  const gate = new StageGate(1);
  const leave = new AbortController();
  const held = gate.run(leave.signal, () => new Promise<void>((resolve) => leave.signal.addEventListener('abort', () => resolve())));
  const definition = await defineStream({ properties: ['{ name: id, logicalType: string }', '{ name: ms, logicalType: string }'], models: [{ name: 'silver.slow', sql: 'select id, ms::bigint as ms from bronze.events where ms::bigint > 1' }] });
  await listen(services(shop.dependencies(definition), gate));
  const row = (ms: string) => ({ id: 'a', ms, _weir_partition: 'p', _weir_row_id: '0'.repeat(32), _weir_position: 'clicks:0:1', _weir_deleted: false });
  const { tables } = await clients.transform.transformBatch(batchRequest(bronzeBatch([row('2'), row('1')])));
  expect(tables.map(({ dataset, rows, columns, data }) => [dataset, rows, columns, Buffer.from(data).toString()])).toEqual([
    ['silver.slow', 1, ['id', 'ms', '_weir_partition', '_weir_row_id', '_weir_position'], `"a",2,"p","${'0'.repeat(32)}","clicks:0:1"`],
  ]);
  await expect(clients.transform.transformBatch(batchRequest(bronzeBatch([row('x')])))).rejects.toMatchObject({ code: 'MODEL_FAILED', place: 'models/silver/slow.sql:1:14' });
  await expect(clients.transform.transformBatch({ ...batchRequest(bronzeBatch([row('2')])), context: undefined })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  await expect(clients.transform.transformBatch(batchRequest(undefined))).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  leave.abort();
  await held;
});
