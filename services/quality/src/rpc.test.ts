import { randomUUID } from 'node:crypto';
import { WeirError } from '@weir/core';
import { connect, serve, type Clients, type RpcServer, type ValidateResponse } from '@weir/rpc';
import { services } from './rpc';
import { clicks, column, recordBatch, rowsIn } from './testing/records';
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
    bench.definition = retail({ dataset: { checks: [{ id: 'customers', severity: 'critical', type: 'completeness', measure: { kind: 'nullShare', column: 'customer_id' }, threshold: { equal: 0, unit: 'rows' } }] } });
    const { events, error } = await validate('failed');
    expect(events.at(-1)).toBe('result');
    expect(error).toMatchObject({ code: 'CHECK_FAILED', stage: 'validate', samples: ['a.csv:2: customers'] });
  });

  it('takes a micro-batch of 2.5 MiB, and lists what it set aside with key, headers and trace', async () => {
    bench.definition = clicks({ columns: [column('id', 'VARCHAR', { keyPosition: 1 }), column('text', 'VARCHAR')] });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const records = Array.from({ length: 10_000 }, (_, n) => ({ value: JSON.stringify({ id: `${n}`, text: 'x'.repeat(235) }) }));
    const bad = { value: 'bad', key: 'k', headers: [['traceparent', traceparent]] as const };
    const context = { pipeline: 'clicks', definitionVersion: 1, commitId: randomUUID(), workflowId: 'stream/clicks', runId: 'stream' };
    const response = await clients.quality.validateBatch({ context, records: recordBatch([...records.slice(1), bad]) });
    expect(response).toMatchObject({ accounts: { read: 10_000, admitted: 9_999, quarantined: 1 }, bronze: { rows: 9_999 } });
    expect(new Set(rowsIn(response).map((row) => row['id'])).size).toBe(9_999);
    const { rows } = await clients.quarantine.listRows({ pipeline: 'clicks', runId: 'stream', limit: 0 });
    expect(rows).toMatchObject([{ file: 'clicks:0', line: 9_999, rules: ['undecodable'], headers: JSON.stringify({ traceparent }), traceparent, status: 'open', byteLength: 3, byteOffset: 0 }]);
    expect([Buffer.from(rows[0]?.key ?? []).toString(), Buffer.from(rows[0]?.original ?? []).toString()]).toEqual(['k', 'bad']);
  });

  it('says that a micro-batch is too large with the code that a consumer knows', async () => {
    bench.definition = clicks({ columns: Array.from({ length: 200 }, (_, n) => column(`c${n}`, 'VARCHAR')) });
    const context = { pipeline: 'clicks', definitionVersion: 2, commitId: randomUUID(), workflowId: 'stream/clicks', runId: 'stream' };
    await expect(clients.quality.validateBatch({ context, records: recordBatch(Array.from({ length: 10_000 }, (_, n) => ({ value: `{"c0":${n}}` }))) })).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
  });

  it('refuses a request without context, and any request while it is not ready', async () => {
    await expect(clients.quality.audit({ context: undefined, staged: undefined })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    unready = new WeirError({ code: 'UNAVAILABLE', message: 'No Postgres.' });
    await expect(clients.quarantine.listRows({ pipeline: 'retail', runId: '', limit: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
