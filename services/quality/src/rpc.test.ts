import { WeirError } from '@weir/core';
import { connect, serve, type Clients, type RpcServer, type ValidateResponse } from '@weir/rpc';
import { services } from './rpc';
import { HEADER, line, retail, Workbench } from './testing/workbench';

let bench: Workbench;
let server: RpcServer;
let clients: Clients;
let unready: WeirError | undefined;
beforeAll(async () => {
  bench = await Workbench.open();
  const assertReady = (): void => {
    if (unready) throw unready;
  };
  server = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services(bench.dependencies, assertReady) });
  clients = connect({ quality: `127.0.0.1:${server.port}` });
});
afterAll(async () => {
  clients.close();
  await server.drain(5_000);
  await bench.close();
});
beforeEach(() => {
  unready = undefined;
  bench.definition = retail();
});

const content = `${HEADER}\n${line('1', { 6: '' })}\nbroken\n`;

async function validate(runId: string): Promise<{ events: (string | undefined)[]; error: unknown }> {
  const raw = await bench.stageRaw(runId, [{ name: 'a.csv', content }]);
  const events: ValidateResponse[] = [];
  const context = { runId, pipeline: 'retail', definitionVersion: 1, interval: undefined, attempt: 'first', background: false };
  try {
    for await (const event of clients.quality.validate({ context, raw })) events.push(event);
  } catch (error) {
    return { events: events.map(({ event }) => event?.$case), error };
  }
  return { events: events.map(({ event }) => event?.$case), error: undefined };
}

describe('the wire of quality', () => {
  it('streams a validation that ends with its result, and lists what it set aside', async () => {
    const { events, error } = await validate('over-the-wire');
    expect({ last: events.at(-1), error }).toEqual({ last: 'result', error: undefined });
    const { rows } = await clients.quarantine.listRows({ pipeline: 'retail', runId: 'over-the-wire', limit: 0 });
    expect(rows.map((row) => [row.file, row.line, Buffer.from(row.original).toString()])).toEqual([['a.csv', 3, 'broken']]);
  });

  it('sends the result of a failed verdict before the error, with its samples', async () => {
    bench.definition = retail({ dataset: { checks: [{ id: 'customers', severity: 'critical', type: 'completeness', measure: { kind: 'nullValues', column: 'customer_id' }, threshold: { equal: 0, unit: 'rows' } }] } });
    const { events, error } = await validate('failed');
    expect(events.at(-1)).toBe('result');
    expect(error).toMatchObject({ code: 'CHECK_FAILED', stage: 'validate', samples: ['a.csv:2: customers'] });
  });

  it('refuses a request without context, and any request while it is not ready', async () => {
    await expect(clients.quality.audit({ context: undefined, staged: undefined })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    unready = new WeirError({ code: 'UNAVAILABLE', message: 'No Postgres.' });
    await expect(clients.quarantine.listRows({ pipeline: 'retail', runId: '', limit: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
