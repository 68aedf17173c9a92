import { planPostgres, registryAccount, startPostgres, type PostgresPlan } from './postgres';
import { withConnection } from './postgres-accounts';
import { planRegistry, registryAnswers, startRegistry, type RegistryPlan } from './registry';
import { testHome } from './testing/server-context';
import { waitUntil } from './wait';

const { context, started, dispose } = testHome({ shift: 7_500 });
let postgres: PostgresPlan;
let plan: RegistryPlan;

const start = () => startRegistry(context, plan, () => registryAccount(context, postgres));
const registryProcess = () => {
  const found = started.find(({ spec, condition }) => spec.name === 'registry' && condition !== 'stopped');
  if (!found?.reference) throw new Error('The registry does not run.');
  return { supervised: found, pid: found.reference.pid };
};

beforeAll(async () => {
  [postgres, plan] = [await planPostgres(context), await planRegistry(context)];
  await startPostgres(context, postgres);
  await start();
}, 120_000);
afterAll(dispose);

const ask = async (path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') => {
  const response = await fetch(`${plan.url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' } }) });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
};
const avro = (...fields: string[]) => ({ schema: JSON.stringify({ type: 'record', name: 'order', fields: fields.map((name) => ({ name, type: 'string' })) }) });

test('a schema is found by its id, and a version that breaks those who read older records is refused with 409', async () => {
  const { status, answer } = await ask('/subjects/orders-value/versions', avro('country'));
  expect(status).toBe(200);
  expect(JSON.parse(String((await ask(`/schemas/ids/${String(answer['id'])}`)).answer['schema']))).toEqual(JSON.parse(avro('country').schema));
  // Nothing in an older record says what a new field without a default is.
  expect(await ask('/subjects/orders-value/versions', avro('country', 'city'))).toMatchObject({ status: 409, answer: { error_code: 409 } });
});

test('after a SIGKILL of the registry its schemas have the ids they had', async () => {
  const { answer } = await ask('/subjects/kept-value/versions', avro('kept'));
  const { supervised, pid } = registryProcess();
  process.kill(pid, 'SIGKILL');
  expect(await waitUntil(() => supervised.restarts > 0 && supervised.condition === 'healthy', { timeoutMs: 30_000 })).toBe(true);
  expect(await ask('/subjects/kept-value/versions', avro('kept'))).toEqual({ status: 200, answer });
});

test('a compatibility that somebody chose outlives a restart', async () => {
  expect((await ask('/config')).answer).toEqual({ compatibilityLevel: 'BACKWARD' });
  await ask('/config', { compatibility: 'FULL' }, 'PUT');
  await registryProcess().supervised.stop();
  await start();
  expect((await ask('/config')).answer).toEqual({ compatibilityLevel: 'FULL' });
});

test('its database is its own: its role is no superuser and enters no other', async () => {
  const account = await registryAccount(context, postgres);
  const rows = await withConnection(account, async (client) => (await client.query('select current_database() as database, rolsuper, rolcreatedb from pg_roles where rolname = current_user')).rows as unknown[]);
  expect(rows).toEqual([{ database: 'registry', rolsuper: false, rolcreatedb: false }]);
  await expect(withConnection({ ...account, database: 'weir' }, async (client) => client.query('select 1'))).rejects.toThrow(/permission denied/);
});

test('a registry that was given is used as it is when it answers, and SERVER_FAILED with the variable when not', async () => {
  const given = { ...context, env: { WEIR_REGISTRY_URL: `${plan.url}/` } };
  const planned = await planRegistry(given);
  expect(planned).toEqual({ url: plan.url, ports: undefined });
  expect(await startRegistry(given, planned, async () => 'memory')).toEqual({ how: 'given' });
  const gone = await planRegistry({ ...context, env: { WEIR_REGISTRY_URL: 'http://127.0.0.1:1' } });
  expect(await registryAnswers(gone.url)).toBe(false);
  await expect(startRegistry(context, gone, async () => 'memory')).rejects.toMatchObject({ code: 'SERVER_FAILED', fix: expect.stringContaining('WEIR_REGISTRY_URL') });
  await expect(planRegistry({ ...context, env: { WEIR_REGISTRY_URL: 'localhost:8081' } })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
});

test('where a Postgres was given, the login of the registry must be too', async () => {
  const given = { ...postgres, given: true };
  await expect(registryAccount({ ...context, env: {} }, given)).rejects.toMatchObject({ code: 'MISSING_KEY', place: 'WEIR_REGISTRY_PASSWORD' });
  const account = await registryAccount(context, postgres);
  expect(await registryAccount({ ...context, env: { WEIR_REGISTRY_PASSWORD: account.password } }, given)).toEqual(account);
});
