import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { isWeirError } from '@weir/core';
import { connect } from '@weir/rpc';
import { serviceEnvironment } from '@weir/servers';
import { FaultProxy, until } from '@weir/testkit';
import { foreignEnvironment, ROOT } from './command-line';
import { useHouse } from './house';
import { retailTruth } from './oracle';
import type { TestPlatform } from './platform';
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
  const house = useHouse();
  let proxy: FaultProxy;
  let load: { address: string; child: ChildProcess };

  beforeAll(async () => {
    const { host, port } = house.platform.state.warehouse;
    proxy = await FaultProxy.start({ host, port });
    load = await startLoad(house.platform, proxy);
  });
  afterAll(async () => {
    const ended = once(load.child, 'exit');
    load.child.kill('SIGTERM');
    await ended;
    await proxy.close();
  });

  test('is found out by the ledger: every table is loaded once, whichever reply was lost', async () => {
    const retail = await house.retail('retail_published', { from: '2021-09-06', days: 2, rowsPerDay: 1_000, seed: 81 });
    const { runId } = await house.platform.run(retail.name, { start: '2021-09-06', end: '2021-09-08' });
    const { datasets } = await house.platform.clients.catalog.listDatasets({ pipeline: retail.name });
    const snapshot = Math.max(...datasets.map((dataset) => dataset.snapshot));

    // The same pipeline gets a second destination, so that there is a snapshot to deliver and nobody else delivers it.
    const twice = retailPipeline(house.scratch, retail.name, retail.data, (path, text) => (path === 'pipeline.yaml' ? `${text.trimEnd()}\n  - { connection: warehouse, schema: retail_lost }\n` : text));
    await apply(twice, house.platform.state.home);
    const { version } = await house.platform.clients.definitions.getDefinition({ pipeline: retail.name, version: 0 });
    const clients = connect({ load: load.address });
    const deliver = async (attempt: number): Promise<boolean> => {
      try {
        const context = { runId, pipeline: retail.name, definitionVersion: version, interval: undefined, attempt: `lost-${attempt}`, background: false };
        for await (const _ of clients.load.load({ context, destination: 1, snapshot, restate: false })) continue;
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
    expectSameTables(await retailTables(house.platform.warehouse, 'retail_lost'), retailTruth(retail.data).tables);
  });
});
