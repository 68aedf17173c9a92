import { randomBytes } from 'node:crypto';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { execute, lookUp, openTemporal, query, update, type Temporal } from './temporal';
import { isNotOpen } from './temporal-failure';

const queue = `cli-${randomBytes(5).toString('hex')}`;
let connection: NativeConnection;
let worker: Worker;
let working: Promise<void>;
let temporal: Temporal;

beforeAll(async () => {
  const address = process.env['WEIR_TEST_TEMPORAL'];
  if (!address) throw new Error('This test needs a real Temporal server: set WEIR_TEST_TEMPORAL=host:port. `npm test` at the root starts one and sets it.');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  connection = await NativeConnection.connect({ address });
  worker = await Worker.create({ connection, taskQueue: queue, workflowsPath: require.resolve('./testing/test-workflows') });
  working = worker.run();
  temporal = await openTemporal({ temporal: address, namespace: 'default', taskQueue: queue });
});
afterAll(async () => {
  await temporal.close();
  worker.shutdown();
  await working;
  await connection.close();
});

/** A `patient` workflow that is open; its handlers answer. */
async function open(name: string): Promise<{ workflowId: string; end(): Promise<void> }> {
  const workflowId = `${queue}/${name}`;
  const handle = await temporal.client.workflow.start('patient', { taskQueue: queue, workflowId });
  return { workflowId, end: async () => void (await handle.result()) };
}

describe('a workflow that is executed', () => {
  it('gives its result', async () => {
    await expect(execute(temporal, { workflow: 'echo', workflowId: `${queue}/echo`, input: { say: 'here' } })).resolves.toBe('here');
  });

  it('is thrown as the error that it failed with', async () => {
    await expect(execute(temporal, { workflow: 'echo', workflowId: `${queue}/fail`, input: { fail: 'INVALID_INTERVAL' } })).rejects.toMatchObject({ code: 'INVALID_INTERVAL', place: `${queue}/fail`, fix: 'Pause it first.' });
  });

  it('is waited for when it is open already', async () => {
    const { workflowId } = await open('twice');
    const first = execute(temporal, { workflow: 'patient', workflowId, input: {} });
    await update(temporal, { workflowId }, 'pause', {});
    await update(temporal, { workflowId }, 'resume', {});
    await expect(first).resolves.toBeUndefined();
  });

  it('is not waited for longer than is said, and goes on', async () => {
    const { workflowId } = await open('long');
    await expect(execute(temporal, { workflow: 'patient', workflowId, input: {}, waitMs: 300 })).rejects.toMatchObject({ code: 'UNAVAILABLE', place: workflowId });
    await expect(lookUp(temporal, { workflowId })).resolves.toMatchObject({ type: 'patient', open: true });
    await temporal.client.workflow.getHandle(workflowId).terminate();
  });

  it('is not waited for where nobody works', async () => {
    const workflowId = `${queue}/nobody`;
    await expect(execute({ ...temporal, taskQueue: `${queue}-empty` }, { workflow: 'echo', workflowId, input: {}, waitMs: 300 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await temporal.client.workflow.getHandle(workflowId).terminate();
  });
});

describe('a hand on an open workflow', () => {
  it('is answered, or refused with the code that the workflow gives', async () => {
    const { workflowId, end } = await open('hand');
    await expect(update(temporal, { workflowId }, 'resume', {})).rejects.toMatchObject({ code: 'NOT_POSSIBLE', place: workflowId, message: 'The run cannot go on: it is not paused.', fix: 'Pause it first.' });
    await expect(update(temporal, { workflowId }, 'pause', { by: 'ada' })).resolves.toBe('paused by ada');
    await expect(query(temporal, { workflowId }, 'progress')).resolves.toBe('paused');
    await update(temporal, { workflowId }, 'resume', {});
    await end();
    await expect(lookUp(temporal, { workflowId })).resolves.toMatchObject({ open: false });
    expect(isNotOpen(await update(temporal, { workflowId }, 'pause', {}).catch((error: unknown) => error))).toBe(true);
  });

  it('finds nothing where there is nothing', async () => {
    const workflowId = `${queue}/never`;
    await expect(lookUp(temporal, { workflowId })).resolves.toBeUndefined();
    await expect(query(temporal, { workflowId }, 'progress')).resolves.toBeUndefined();
    expect(isNotOpen(await update(temporal, { workflowId }, 'pause', {}).catch((error: unknown) => error))).toBe(true);
  });
});
