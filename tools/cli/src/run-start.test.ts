import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefinitionServiceService, connect, serve, unary, type Clients, type GetDefinitionRequest, type RpcServer } from '@weir/rpc';
import { checkRunInput, runStarter, workflowIdOf, type RunStarter } from './run-start';

const source = { type: 'file' };
const DEFINITIONS: Readonly<Record<string, unknown>> = { daily: { grain: '1d', mode: 'batch', source }, clicks: { grain: '1h', mode: 'realtime', source: { type: 'kafka' } }, whole: { source } };

describe('what a run is given', () => {
  let server: RpcServer;
  let clients: Clients;
  beforeAll(async () => {
    const getDefinition = unary(async ({ pipeline }: GetDefinitionRequest) => ({ pipeline, version: 1, definitionJson: JSON.stringify(DEFINITIONS[pipeline]) }));
    const unused = unary(() => Promise.resolve({})) as never;
    server = await serve({ host: '127.0.0.1', port: 0, services: [[DefinitionServiceService, { getDefinition: getDefinition as never, apply: unused, listPipelines: unused }]], reflection: false });
    clients = connect({ metadata: `127.0.0.1:${server.port}` });
  });
  afterAll(async () => {
    clients.close();
    await server.drain(100);
  });

  it('is an interval of whole grains in its canonical form', async () => {
    await expect(checkRunInput(clients, 'daily', { interval: '2010-12-01/2010-12-03' })).resolves.toEqual({ pipeline: 'daily', interval: { start: '2010-12-01T00:00:00Z', end: '2010-12-03T00:00:00Z' } });
  });

  it.each([
    ['daily', undefined, /none was given/],
    ['daily', '2010-12-01/2010-12-01T05', /not on a boundary/],
    ['daily', '2010-12-01', /not an interval/],
    ['whole', '2010-12-01/2010-12-02', /has no grain/],
  ])('is refused for %s with the interval %s', async (pipeline, interval, message) => {
    await expect(checkRunInput(clients, pipeline, { interval })).rejects.toMatchObject({ code: 'INVALID_INTERVAL', message: expect.stringMatching(message) as unknown });
  });

  it('is the archive of a realtime pipeline, whose topic only its stream reads, and what was read before of another that asks for it', async () => {
    const interval = '2026-03-24T09/2026-03-24T10';
    const input = { pipeline: 'clicks', interval: { start: '2026-03-24T09:00:00Z', end: '2026-03-24T10:00:00Z' }, from: 'raw' };
    await expect(checkRunInput(clients, 'clicks', { interval })).resolves.toEqual(input);
    await expect(checkRunInput(clients, 'clicks', { interval, from: 'raw' })).resolves.toEqual(input);
    await expect(checkRunInput(clients, 'clicks', { interval, from: 'source' })).rejects.toMatchObject({ code: 'INVALID_VALUE', place: '--from' });
    await expect(checkRunInput(clients, 'daily', { interval: '2010-12-01/2010-12-02', from: 'raw' })).resolves.toMatchObject({ interval: { start: '2010-12-01T00:00:00Z' }, from: 'raw' });
    await expect(checkRunInput(clients, 'daily', { interval: '2010-12-01/2010-12-02', from: 'source' })).resolves.not.toHaveProperty('from');
    await expect(checkRunInput(clients, 'whole', { from: 'raw' })).resolves.toEqual({ pipeline: 'whole', from: 'raw' });
  });

  it('is no interval for a delivery, which takes all that was published', async () => {
    await expect(checkRunInput(clients, 'daily', { from: 'delivery' })).resolves.toEqual({ pipeline: 'daily', from: 'delivery' });
    await expect(checkRunInput(clients, 'daily', { from: 'delivery', interval: '2010-12-01/2010-12-02' })).rejects.toMatchObject({ code: 'INVALID_INTERVAL', fix: 'Leave --interval out.' });
  });

  it('gives an id that can be told beforehand', () => {
    expect(workflowIdOf({ pipeline: 'retail', interval: { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' } })).toBe('run/retail/2010-12-01_2010-12-02');
    expect(workflowIdOf({ pipeline: 'feed', interval: { start: '2010-12-01T10:00:00Z', end: '2010-12-01T11:00:00Z' } })).toBe('run/feed/2010-12-01T10:00:00Z_2010-12-01T11:00:00Z');
    expect(workflowIdOf({ pipeline: 'hello' })).toBe('run/hello');
    expect(workflowIdOf({ pipeline: 'retail', from: 'delivery' })).toBe('run/retail/delivery');
  });
});

describe('starting a run', () => {
  const pipeline = `shop-${randomBytes(5).toString('hex')}`;
  let connection: Connection;
  let client: Client;
  let starter: RunStarter;
  beforeAll(async () => {
    const temporal = process.env['WEIR_TEST_TEMPORAL'];
    if (!temporal) throw new Error('This test needs a real Temporal server: set WEIR_TEST_TEMPORAL=host:port. `npm test` at the root starts one and sets it.');
    connection = await Connection.connect({ address: temporal });
    client = new Client({ connection });
    // Nobody works on this queue, so the runs stay open.
    starter = await runStarter({ temporal, namespace: 'default', taskQueue: pipeline });
  });
  afterAll(async () => {
    await starter.close();
    await connection.close();
  });

  it('is refused while the same run is at work, naming it', async () => {
    const started = await starter.start({ pipeline });
    await expect(starter.start({ pipeline })).rejects.toMatchObject({ code: 'INTERVAL_BUSY', place: `run/${pipeline}`, message: expect.stringContaining(started.runId) as unknown });
    await client.workflow.getHandle(started.workflowId).terminate();
  });

  it('goes before the runs of backfills', async () => {
    const { workflowId } = await starter.start({ pipeline });
    const handle = client.workflow.getHandle(workflowId);
    expect((await handle.describe()).priority).toMatchObject({ priorityKey: 2, fairnessKey: pipeline });
    await handle.terminate();
  });

  it('can be repeated once it has ended, and one that was terminated is told as such', async () => {
    const first = await starter.start({ pipeline });
    await client.workflow.getHandle(first.workflowId).terminate('by hand');
    await expect(first.end()).resolves.toMatchObject({ code: 'CANCELLED' });
    const second = await starter.start({ pipeline });
    expect(second.runId).not.toBe(first.runId);
    await client.workflow.getHandle(second.workflowId).terminate();
  });

  it('says where Temporal does not answer', async () => {
    await expect(runStarter({ temporal: '127.0.0.1:1', namespace: 'default' })).rejects.toMatchObject({ code: 'UNAVAILABLE', place: '127.0.0.1:1' });
  });
});
