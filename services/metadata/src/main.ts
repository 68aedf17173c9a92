import './telemetry';
import { join } from 'node:path';
import { inspector } from '@weir/engine';
import { Lake } from '@weir/lake';
import { createLog, onShutdown, openPool, OwnSchema, Readiness, stopTelemetry } from '@weir/platform';
import { serve } from '@weir/rpc';
import { readConfig } from './config';
import { services } from './rpc';

const log = createLog('metadata');

async function main(): Promise<void> {
  const config = readConfig();
  const pool = openPool(config.postgres);
  const probe = openPool({ ...config.postgres, max: 1 });
  const schema = new OwnSchema({ pool: probe, schema: 'metadata', migrations: join(__dirname, '..', 'migrations') });
  const readiness = new Readiness({ probe: () => schema.probe(), report: (ready) => server.setReady(ready), log });
  const dependencies = { pool, lake: new Lake(config.lake), inspector };
  const server = await serve({ ...config, services: services(dependencies, () => schema.assertMigrated()) });
  readiness.start();
  log.info({ port: server.port }, 'Listening.');
  onShutdown(log, async () => {
    await readiness.stop();
    await server.drain(15_000);
    await Promise.all([pool.end(), probe.end()]);
    await stopTelemetry();
  });
}

main().catch((error: unknown) => {
  log.error({ error }, 'Cannot start.');
  process.exit(1);
});
