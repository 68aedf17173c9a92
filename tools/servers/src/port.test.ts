import { buildSync } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { isFree, PortPool } from './port';
import { PORTS } from './versions';

/** Far from the platform's and from the tests' servers, so that runs side by side do not meet. */
const SHIFT = 3_000 + (process.pid % 1_000);
const servers: Server[] = [];

const listenOn = async (port: number): Promise<number> => {
  const server = createServer().listen(port, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

beforeAll(() => {
  buildSync({ entryPoints: [join(__dirname, 'port.ts')], outfile: join(__dirname, '../dist/port-under-test.cjs'), bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' });
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

test('a taken default port gives way to a later one that is free', async () => {
  const taken = await listenOn(PORTS.metadata + SHIFT);
  const port = await new PortPool({}, SHIFT).choose('metadata');
  expect(port).toBeGreaterThan(taken);
  expect(await isFree(port)).toBe(true);
});

test('no port is handed out twice by one pool', async () => {
  const pool = new PortPool({}, SHIFT);
  const ports = [await pool.choose('load'), await pool.choose('load'), await pool.choose('metadata')];
  expect(new Set(ports).size).toBe(3);
});

test('a port that another live process chose is left to it, also before anything listens there', async () => {
  const program = "const {PortPool} = require('./dist/port-under-test.cjs'); new PortPool({}, Number(process.argv[1])).choose('load').then((port) => { process.stdout.write(String(port)); process.stdin.resume(); });";
  const other = spawn(process.execPath, ['-e', program, String(SHIFT + 40)], { cwd: join(__dirname, '..'), stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(other, 'exit');
  try {
    const theirs = Number(String((await once(other.stdout, 'data'))[0]));
    expect(await isFree(theirs)).toBe(true);
    expect(await new PortPool({}, theirs - PORTS.load).choose('load')).toBeGreaterThan(theirs);
    other.kill('SIGKILL');
    await ended;
    expect(await new PortPool({}, theirs - PORTS.load).choose('load')).toBe(theirs);
  } finally {
    other.kill('SIGKILL');
  }
});

test('a port that was asked for and is taken is PORT_TAKEN with the variable', async () => {
  const taken = await listenOn(0);
  await expect(new PortPool({ WEIR_JAEGER_QUERY_PORT: String(taken) }).choose('jaegerQuery')).rejects.toMatchObject({ code: 'PORT_TAKEN', place: 'WEIR_JAEGER_QUERY_PORT' });
});

test.each(['0', '65536', 'http', '-1', '7411.5'])('the port `%s` is refused as INVALID_VALUE', async (text) => {
  await expect(new PortPool({ WEIR_INGEST_PORT: text }).choose('ingest')).rejects.toMatchObject({ code: 'INVALID_VALUE', place: 'WEIR_INGEST_PORT' });
});
