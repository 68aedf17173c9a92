import { Readiness } from '@weir/platform';
import { FaultProxy, until } from '@weir/testkit';
import { destinationAt, openWarehouse, type Warehouse } from './testing/warehouse';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse?.dispose());

test('the service is ready once its destination answers, and not while it does not; the log says so', async () => {
  const proxy = await FaultProxy.start(warehouse.config);
  proxy.reset();
  const destination = destinationAt(warehouse.config, proxy.port);
  const states: boolean[] = [];
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warn: (_: object, line: string) => void lines.push(line) };
  const readiness = new Readiness({ probe: () => destination.ping(), report: (ready) => states.push(ready), log });
  readiness.start();
  await until(() => lines.length > 0, { timeoutMs: 5_000, what: 'a line about what is missing' });
  expect(lines).toEqual(['Not ready; trying again.']);
  expect(states).toEqual([]);
  proxy.pass();
  await until(() => states.length === 1, { timeoutMs: 5_000, what: 'readiness' });
  proxy.reset();
  await until(() => states.length === 2, { timeoutMs: 5_000, what: 'the end of readiness' });
  expect(states).toEqual([true, false]);
  await readiness.stop();
  await proxy.close();
  await destination.close();
});
