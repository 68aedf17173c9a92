import { portOf } from './port';

/** Where one broker is reached, host:port each. */
export interface BrokerAddresses {
  /** Its node id: 1 and up. */
  readonly id: number;
  /** By clients. */
  readonly clients: string;
  /** By other brokers, where that is another way than the clients': between containers. */
  readonly peers?: string;
  /** By controllers; every broker is one too. */
  readonly controller: string;
}

export interface BrokerSettings {
  readonly id: number;
  /** All brokers, this one among them. */
  readonly cluster: readonly BrokerAddresses[];
  /** The address to listen on; empty for every one, inside a container. */
  readonly host: string;
  /** Folder of the data. */
  readonly data: string;
  readonly durable: boolean;
}

/**
 * The server.properties of one broker. Retention, sizes and all else that does not stand here are Kafka's defaults. Three brokers keep every record
 * three times and acknowledge it once two have it, so that one may fail; throws when `id` is not of the cluster.
 */
export function brokerProperties({ id, cluster, host, data, durable }: BrokerSettings): string {
  const self = cluster.find((broker) => broker.id === id);
  if (!self) throw new Error(`Broker ${id} is not of the cluster.`);
  const inSync = cluster.length > 1 ? 2 : 1;
  const listeners = [['PLAINTEXT', self.clients] as const, ...(self.peers ? [['PEERS', self.peers] as const] : [])];
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': cluster.map((broker) => `${broker.id}@${broker.controller}`).join(','),
    'listeners': [...listeners, ['CONTROLLER', self.controller] as const].map(([name, address]) => `${name}://${host}:${portOf(address)}`).join(','),
    'advertised.listeners': listeners.map(([name, address]) => `${name}://${address}`).join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PEERS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': self.peers ? 'PEERS' : 'PLAINTEXT',
    'log.dirs': data,
    // A topic that is misspelled must be an error, not a new topic.
    'auto.create.topics.enable': false,
    'default.replication.factor': cluster.length,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': cluster.length,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': cluster.length,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': cluster.length,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    // The default is half of such a small heap.
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    ...FAILOVER,
    ...(durable ? FLUSHING : FOR_TESTS),
  };
  return Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('');
}

/**
 * Another broker leads after 6.6 s, half of what the defaults take. A lone one that was killed is let in again as soon as its old session ends.
 */
const FAILOVER = {
  'broker.session.timeout.ms': 3_000,
  'broker.heartbeat.interval.ms': 500,
  'controller.quorum.election.timeout.ms': 500,
  'controller.quorum.fetch.timeout.ms': 1_000,
};

/** Kafka leaves writing to the system and safety to replicas on other machines; here all are on this one, and a power cut costs 1 s at most. */
const FLUSHING = { 'log.flush.interval.ms': 1_000, 'log.flush.scheduler.interval.ms': 1_000 };

/** The cleaner looks for logs to compact every 15 s by default, which a test of compacted topics would wait for. */
const FOR_TESTS = { 'log.cleaner.backoff.ms': 500 };

/** A broker's log4j2.properties: warnings and errors on its standard output. */
export const BROKER_LOGGING = `rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = stdout
appender.stdout.type = Console
appender.stdout.name = stdout
appender.stdout.layout.type = PatternLayout
appender.stdout.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
`;
