import { StageGate } from '@weir/platform';
import { connect, Scope, serve, type Clients, type RpcServer, type TransformRequest } from '@weir/rpc';
import { services } from './rpc';
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

async function start(model: ModelText): Promise<TransformRequest> {
  // One place, so that a call that does not end keeps the next one out.
  server = await serve({ host: '127.0.0.1', port: 0, services: services(shop.dependencies(await defineShop([model])), new StageGate(1)), reflection: false });
  server.setReady(true);
  clients = connect({ transform: `127.0.0.1:${server.port}` });
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
  await expect(call()).rejects.toMatchObject({ code: 'MODEL_FAILED', place: 'models/gold/bad.sql' });
});
