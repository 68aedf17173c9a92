import './telemetry';
import { openLake } from '@weir/lake';
import { createLog, Egress, onShutdown, Readiness, StageGate, stopTelemetry } from '@weir/platform';
import { cachedDefinitions, connect, newestDefinition, serve } from '@weir/rpc';
import { remoteCatalog } from './catalog';
import { readConfig } from './config';
import { Connections } from './connections';
import { exportsIn } from './exports';
import { KeyRanges } from './key-ranges';
import { remoteQuarantine } from './quarantine';
import { services } from './rpc';
import { Turns } from './turns';

const log = createLog('load');

async function main(): Promise<void> {
  const config = readConfig();
  const lake = await openLake(config.lake);
  const clients = connect({ metadata: config.metadata, quality: config.quality });
  const connections = new Connections(config.connections);
  const sources = { lake, catalog: remoteCatalog(clients), quarantine: remoteQuarantine(clients), definition: cachedDefinitions(clients), newestDefinition: (pipeline: string, signal: AbortSignal) => newestDefinition(clients, pipeline, { signal }) };
  const turns = { keyRanges: new KeyRanges(), engineTurns: new Turns(1), tableTurns: new Turns(1), destinationTurns: new Turns(2) };
  const openExport = exportsIn({ folder: config.exports, egress: new Egress(config.egressAllow), secretOf: config.secretOf });
  const dependencies = { ...sources, ...turns, engine: config.engine, destinationOf: (name: string) => connections.destination(name), openExport };
  const server = await serve({ ...config, services: services(dependencies, new StageGate(config.maxStages)) });
  const probe = async (): Promise<void> => {
    await connections.ping();
    await lake.probe();
  };
  const readiness = new Readiness({ probe, report: (ready) => server.setReady(ready), log });
  readiness.start();
  log.info({ port: server.port }, 'Listening.');
  onShutdown(log, async () => {
    await readiness.stop();
    await server.drain(15_000);
    clients.close();
    await connections.close();
    await stopTelemetry();
  });
}

main().catch((error: unknown) => {
  log.error({ error }, 'Cannot start.');
  process.exit(1);
});
