import { Connection } from '@temporalio/client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortPool } from './port';
import type { ServerContext } from './server';
import { Supervised } from './supervised';
import { planTemporal, startTemporal } from './temporal';
import { SEARCH_ATTRIBUTES } from './versions';
import { waitUntil } from './wait';

const home = mkdtempSync(join(tmpdir(), 'weir-temporal-'));
const started: Supervised[] = [];
const context: ServerContext = {
  home,
  env: { WEIR_SERVERS: process.env['WEIR_SERVERS'] },
  ports: new PortPool({}, 6_500 + (process.pid % 500)),
  durable: false,
  say: () => undefined,
  signal: new AbortController().signal,
  supervise: (spec) => {
    const supervised = new Supervised(spec);
    started.push(supervised);
    return supervised;
  },
};

afterEach(() => Promise.all(started.splice(0).map((one) => one.stop())));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const attributesAt = async (address: string): Promise<Record<string, unknown>> => {
  const connection = await Connection.connect({ address });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
  await connection.close();
  return Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, customAttributes?.[name]]));
};

const KEYWORDS = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, 2]));

test('Temporal starts with the search attributes of the platform, and again on the same data', async () => {
  const plan = await planTemporal(context);
  await startTemporal(context, plan);
  expect(await attributesAt(plan.address)).toEqual(KEYWORDS);
  await Promise.all(started.splice(0).map((one) => one.stop()));
  await startTemporal(context, plan);
  expect(await attributesAt(plan.address)).toEqual(KEYWORDS);
});

test('a Temporal that was given gets the search attributes it lacks', async () => {
  const { address } = await planTemporal(context).then(async (plan) => (await startTemporal(context, plan), plan));
  const connection = await Connection.connect({ address });
  await connection.operatorService.removeSearchAttributes({ namespace: 'default', searchAttributes: ['WeirStage'] });
  await connection.close();
  expect(await waitUntil(async () => (await attributesAt(address))['WeirStage'] === undefined, { timeoutMs: 10_000 })).toBe(true);
  const given = { ...context, env: { WEIR_TEMPORAL_ADDRESS: address } };
  const plan = await planTemporal(given);
  expect(plan).toEqual({ address, namespace: 'default', ui: '', how: 'given' });
  await startTemporal(given, plan);
  expect(await attributesAt(address)).toEqual(KEYWORDS);
});
