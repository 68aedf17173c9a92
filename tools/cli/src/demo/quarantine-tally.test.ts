import { QuarantineServiceService, connect, serve, unary, type Clients, type ListRowsRequest, type QuarantinedRow, type RpcServer } from '@weir/rpc';
import { QuarantineTally } from './quarantine-tally';

let server: RpcServer;
let clients: Clients;
const rows: QuarantinedRow[] = [];
const asked: ListRowsRequest[] = [];
const REST = { runId: '', dataset: '', byteOffset: 0, byteLength: 0, reason: '', original: Buffer.alloc(0), originalPath: '', key: Buffer.alloc(0), headers: '', traceparent: '', status: 'open', id: 1, partition: 'all', contractVersion: '1.0.0', stage: 'validate', table: '' };
const row = (line: number, rule: string, second: number): QuarantinedRow => ({ ...REST, file: 'clicks:0', line, rules: [rule], quarantinedAt: `2026-03-24T10:00:${String(second).padStart(2, '0')}.000Z` });

beforeAll(async () => {
  const listRows = unary(async (request: ListRowsRequest) => (asked.push(request), { rows }));
  server = await serve({ host: '127.0.0.1', port: 0, services: [[QuarantineServiceService, { listRows }]], reflection: false });
  clients = connect({ quality: `127.0.0.1:${server.port}` });
});
afterAll(async () => {
  clients.close();
  await server.drain(100);
});

test('rows are counted once by their position, and those of before not at all', async () => {
  const tally = new QuarantineTally(clients, 'clickstream', Date.parse('2026-03-24T10:00:05Z'));
  rows.push(row(3, 'undecodable', 9), row(2, 'type:a', 6), row(1, 'undecodable', 4));
  expect(await tally.look()).toEqual(new Map([['undecodable', 1], ['type:a', 1]]));
  // The list holds the newest only: what has left it stays counted.
  rows.splice(0, 3, row(9, 'undecodable', 20), row(3, 'undecodable', 9));
  expect(await tally.look()).toEqual(new Map([['undecodable', 2], ['type:a', 1]]));
  expect(asked[0]).toMatchObject({ pipeline: 'clickstream', runId: '', limit: 1_000 });
});
