import './telemetry';
import { join } from 'node:path';
import { inspector } from '@weir/engine';
import { openLake } from '@weir/lake';
import { createLog, onShutdown, openPool, OwnSchema, Readiness, stopTelemetry } from '@weir/platform';
import { serve } from '@weir/rpc';
import { readConfig } from './config';
import { services } from './rpc';

const log = createLog('metadata');

async function main(): Promise<void> {
  const config = readConfig();
  const lake = await openLake(config.lake);
  const pool = openPool(config.postgres);
  const probing = openPool({ ...config.postgres, max: 1 });
  const schema = new OwnSchema({ pool: probing, schema: 'metadata', migrations: join(__dirname, '..', 'migrations') });
  const probe = async (): Promise<void> => {
    await schema.probe();
    await lake.probe();
  };
  const readiness = new Readiness({ probe, report: (ready) => server.setReady(ready), log });
  const dependencies = { pool, lake, inspector };
  const server = await serve({ ...config, services: services(dependencies, () => schema.assertMigrated()) });
  readiness.start();
  log.info({ port: server.port }, 'Listening.');
  onShutdown(log, async () => {
    await readiness.stop();
    await server.drain(15_000);
    await Promise.all([pool.end(), probing.end()]);
    await stopTelemetry();
  });
}

main().catch((error: unknown) => {
  log.error({ error }, 'Cannot start.');
  process.exit(1);
});
