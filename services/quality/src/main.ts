import './telemetry';
import { join } from 'node:path';
import { WarmEngines } from '@weir/engine';
import { openLake } from '@weir/lake';
import { createLog, onShutdown, openPool, OwnSchema, Readiness, StageGate, stopTelemetry } from '@weir/platform';
import { cachedDefinitions, connect, serve } from '@weir/rpc';
import { remoteCatalog } from './catalog';
import { readConfig } from './config';
import { decoders } from './decoders';
import { RollingChecks } from './rolling-checks';
import { services } from './rpc';

const log = createLog('quality');

async function main(): Promise<void> {
  const config = readConfig();
  const lake = await openLake(config.lake);
  const pool = openPool(config.postgres);
  const probing = openPool({ ...config.postgres, max: 1 });
  // One thread each: a micro-batch is too small to be shared out.
  const engines = new WarmEngines({ memoryLimit: config.engine.memoryLimit, threads: 1 });
  const clients = connect({ metadata: config.metadata });
  const schema = new OwnSchema({ pool: probing, schema: 'quality', migrations: join(__dirname, '..', 'migrations') });
  const probe = async (): Promise<void> => {
    await schema.probe();
    await lake.probe();
  };
  const readiness = new Readiness({ probe, report: (ready) => server.setReady(ready), log });
  const dependencies = { pool, lake, definition: cachedDefinitions(clients), catalog: remoteCatalog(clients), compaction: clients.catalog, now: () => new Date(), gate: new StageGate(config.maxStages), engine: config.engine, engines, decoder: decoders(config.registry), checks: new RollingChecks(), log };
  const server = await serve({ ...config, services: services(dependencies, () => schema.assertMigrated()) });
  readiness.start();
  log.info({ port: server.port }, 'Listening.');
  onShutdown(log, async () => {
    await readiness.stop();
    await server.drain(15_000);
    clients.close();
    engines.close();
    await Promise.all([pool.end(), probing.end()]);
    await stopTelemetry();
  });
}

main().catch((error: unknown) => {
  log.error({ error }, 'Cannot start.');
  process.exit(1);
});
