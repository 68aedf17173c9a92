import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { isWeirError } from '@weir/core';
import { generateRetail } from '@weir/generate';
import { connect } from '@weir/rpc';
import { serviceEnvironment } from '@weir/servers';
import { FaultProxy, tempDir, until, type TempDir } from '@weir/testkit';
import { foreignEnvironment, ROOT } from './command-line';
import { retailTruth } from './oracle';
import { TestPlatform } from './platform';
import { healthOf } from './reflection';
import { apply, retailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A load service of the test's own, which reaches the warehouse through the proxy. */
async function startLoad(platform: TestPlatform, proxy: FaultProxy): Promise<{ address: string; child: ChildProcess }> {
  const port = await freePort();
  const env = { ...foreignEnvironment(), ...serviceEnvironment(platform.state), WEIR_PORT: String(port), WEIR_WAREHOUSE_HOST: proxy.host, WEIR_WAREHOUSE_PORT: String(proxy.port) };
  const child = spawn(process.execPath, [join(ROOT, 'services/load/dist/main.js')], { env, stdio: 'ignore' });
  const address = `127.0.0.1:${port}`;
  await until(async () => (await healthOf(address)) === 'SERVING', { timeoutMs: 30_000, what: 'A load service behind the proxy' });
  return { address, child };
}

describe('a reply to COMMIT that is lost', () => {
  let scratch: TempDir;
  let platform: TestPlatform;
  let proxy: FaultProxy;
  let load: { address: string; child: ChildProcess };

  beforeAll(async () => {
    scratch = await tempDir();
    platform = await TestPlatform.open();
    const { host, port } = platform.state.warehouse;
    proxy = await FaultProxy.start({ host, port });
    load = await startLoad(platform, proxy);
  });
  afterAll(async () => {
    const ended = once(load.child, 'exit');
    load.child.kill('SIGTERM');
    await ended;
    await proxy.close();
    await platform.close();
    await scratch.dispose();
  });

  test('is found out by the ledger: every table is loaded once, whichever reply was lost', async () => {
    const data = join(scratch.path, 'data');
    await generateRetail(data, { from: '2021-09-06', days: 2, rowsPerDay: 1_000, seed: 81 });
    const retail = retailPipeline(scratch.path, 'retail_published', data);
    await apply(retail, platform.state.home);
    const { runId } = await platform.run(retail.name, { start: '2021-09-06', end: '2021-09-08' });
    const { datasets } = await platform.clients.catalog.listDatasets({ pipeline: retail.name });
    const snapshot = Math.max(...datasets.map((dataset) => dataset.snapshot));

    // The same pipeline gets a second destination, so that there is a snapshot to deliver and nobody else delivers it.
    const twice = retailPipeline(scratch.path, retail.name, data, (path, text) => (path === 'pipeline.yaml' ? `${text.trimEnd()}\n  - { connection: warehouse, schema: retail_lost }\n` : text));
    await apply(twice, platform.state.home);
    const { version } = await platform.clients.definitions.getDefinition({ pipeline: retail.name, version: 0 });
    const clients = connect({ load: load.address });
    const deliver = async (attempt: number): Promise<boolean> => {
      try {
        const context = { runId, pipeline: retail.name, definitionVersion: version, interval: undefined, attempt: `lost-${attempt}` };
        for await (const _ of clients.load.load({ context, destination: 1, snapshot })) continue;
        return true;
      } catch (error) {
        if (isWeirError(error) && error.retry === 'transient') return false;
        throw error;
      }
    };
    // One reply more than there are tables: some table loses two in a row.
    proxy.loseCommitReply({ times: 5 });
    let attempts = 0;
    await until(() => deliver(attempts++), { timeoutMs: 60_000, what: 'A load that ends' });
    clients.close();
    expect(proxy.lostReplies).toBeGreaterThan(0);
    expectSameTables(await retailTables(platform.warehouse, 'retail_lost'), retailTruth(data).tables);
  });
});
