import type { Lake } from '@weir/lake';
import { createLog, StageGate } from '@weir/platform';
import type { Clients } from '@weir/rpc';
import { AnsweredKeys } from '../answered-keys';
import { kafkaClients, type KafkaClients } from '../kafka';
import { remoteMetadata } from '../metadata';
import type { services } from '../rpc';
import { NO_CONNECTIONS } from './connections';

type Dependencies = Parameters<typeof services>[0];

/** What the service works with, over real clients; without brokers, for tests that need no Kafka, every question to it fails. */
export function dependenciesOf(clients: Clients, lake: Lake, brokers: readonly string[] = []): Dependencies & Pick<KafkaClients, 'close'> {
  const log = createLog('ingest-test');
  log.level = 'silent';
  const kafka = kafkaClients(brokers.length > 0 ? { kafka: { brokers, clientId: 'weir-ingest-test', tls: false } } : {}, log);
  const engine = { memoryLimit: '256MB', threads: 2 };
  return { lake, engine, clients, log, ...NO_CONNECTIONS, ...remoteMetadata(clients), ...kafka, pushed: new AnsweredKeys(), pushes: new StageGate(4) };
}
