import { WeirError } from '@weir/core';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, runCommand } from './command';
import { container, containerName, createNetwork } from './container';
import { findServer, preference } from './find';
import { brokerCountOf, kafkaFolder, recordCluster, type BrokerCount, type ClusterRecord } from './kafka-cluster';
import { brokersAt } from './kafka-metadata';
import { fetchKafka, lookForKafka, type KafkaPrograms } from './kafka-programs';
import { BROKER_LOGGING, brokerProperties, type BrokerAddresses } from './kafka-properties';
import { portOf } from './port';
import type { RunningServer, ServerContext } from './server';
import type { ProcessSpec } from './supervised';
import { IMAGES, type PortName } from './versions';
import { waitUntil } from './wait';

const START_MS = 60_000;

export interface KafkaPlan {
  /** host:port of every broker. */
  readonly brokers: readonly string[];
  /** The brokers to start; undefined when running ones were given. */
  readonly cluster: readonly BrokerAddresses[] | undefined;
}

const PORTS_OF: readonly (readonly [PortName, PortName])[] = [['kafka', 'kafkaController'], ['kafka2', 'kafkaController2'], ['kafka3', 'kafkaController3']];

/**
 * Chooses the addresses, at once: services are told them long before a broker runs. The order of origins: WEIR_KAFKA_BROKERS (host:port, separated
 * by commas) → cache → Docker → fetched with Maven. Throws INVALID_VALUE when the home's Kafka has another number of brokers than `asked`.
 */
export async function planKafka({ env, ports, home }: ServerContext, asked?: BrokerCount): Promise<KafkaPlan> {
  const given = givenBrokers(env['WEIR_KAFKA_BROKERS'], asked);
  if (given) return { brokers: given, cluster: undefined };
  const cluster: BrokerAddresses[] = [];
  for (const [clients, controller] of PORTS_OF.slice(0, brokerCountOf(home, asked))) {
    cluster.push({ id: cluster.length + 1, clients: `127.0.0.1:${await ports.choose(clients)}`, controller: `127.0.0.1:${await ports.choose(controller)}` });
  }
  return { brokers: cluster.map(({ clients }) => clients), cluster };
}

/** Finds or fetches Kafka, starts the brokers of a plan and returns once all of them answer and know each other. */
export async function startKafka(context: ServerContext, { brokers, cluster }: KafkaPlan): Promise<RunningServer> {
  if (!cluster) {
    if (await kafkaAnswers(brokers)) return { how: 'given' };
    throw new WeirError({ code: 'SERVER_FAILED', place: 'kafka', message: `Not every broker of WEIR_KAFKA_BROKERS answers: ${brokers.join(', ')}.`, fix: 'Start them, or correct WEIR_KAFKA_BROKERS.' });
  }
  const origin = await findServer(preference(context.env), { name: 'kafka', look: async () => lookForKafka(), build: () => fetchKafka(context) });
  const record = recordCluster(context.home, cluster.length === 1 ? 1 : 3);
  context.say(cluster.length === 1 ? 'starting' : `starting ${cluster.length} brokers`);
  const specs = origin.kind === 'docker' ? await inDocker(context, cluster, record) : await Promise.all(cluster.map((broker) => natively(context, cluster, broker, record, origin.found)));
  await startAll(context, specs, origin.kind === 'docker' ? START_MS * 5 : START_MS);
  await waitUntil(() => kafkaAnswers(brokers), { timeoutMs: START_MS, signal: context.signal });
  return { how: origin.kind === 'docker' ? `docker ${IMAGES.kafka}` : `${origin.found.lib}, Java ${origin.found.java.version}` };
}

/** Whether every broker answers and knows that as many are alive. */
export async function kafkaAnswers(brokers: readonly string[]): Promise<boolean> {
  const alive = await Promise.all(brokers.map(brokersAt));
  return alive.every(({ length }) => length >= brokers.length);
}

function givenBrokers(text: string | undefined, asked: BrokerCount | undefined): string[] | undefined {
  if (!text) return undefined;
  const brokers = text.split(',').map((address) => address.trim());
  const wrong = brokers.find((address) => !/^.+:\d{1,5}$/.test(address));
  if (wrong !== undefined) throw new WeirError({ code: 'INVALID_VALUE', place: 'WEIR_KAFKA_BROKERS', message: `WEIR_KAFKA_BROKERS has \`${wrong}\`.`, fix: 'Use host:port, separated by commas.' });
  if (asked === undefined) return brokers;
  throw new WeirError({ code: 'INVALID_VALUE', place: '--brokers', message: `WEIR_KAFKA_BROKERS names a Kafka that runs, whose brokers cannot be chosen.`, fix: 'Leave out --brokers, or WEIR_KAFKA_BROKERS.' });
}

/** Starts side by side: no broker is ready before most are there. When one fails the others are stopped, so that a later start finds none. */
async function startAll(context: ServerContext, specs: readonly ProcessSpec[], timeoutMs: number): Promise<void> {
  const processes = specs.map((spec) => context.supervise(spec));
  try {
    await Promise.all(processes.map((one) => one.start(timeoutMs)));
  } catch (error) {
    await Promise.all(processes.map((one) => one.stop()));
    throw error;
  }
}

/** A small heap, and what makes a small Java start fast. Names of files are relative to the broker's folder. */
const JVM = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dlog4j2.configurationFile=log4j2.properties'];

async function natively(context: ServerContext, cluster: readonly BrokerAddresses[], broker: BrokerAddresses, record: ClusterRecord, { java, lib }: KafkaPrograms): Promise<ProcessSpec> {
  const folder = join(kafkaFolder(context.home), String(broker.id));
  mkdirSync(folder, { recursive: true });
  // Relative too: the path of a home may hold what a list of folders is split at.
  writeFileSync(join(folder, 'server.properties'), brokerProperties({ id: broker.id, cluster, host: '127.0.0.1', data: 'data', durable: context.durable }));
  writeFileSync(join(folder, 'log4j2.properties'), BROKER_LOGGING);
  const program = [...JVM, '-cp', join(lib, '*')];
  if (!existsSync(join(folder, 'data/meta.properties'))) await format(context, folder, java.program, [...program, 'kafka.tools.StorageTool', 'format', '--cluster-id', record.id, '--config', 'server.properties', '--ignore-formatted']);
  return { ...common(context.home, broker), command: java.program, args: [...program, 'kafka.Kafka', 'server.properties'], env: process.env, cwd: folder };
}

/** The file that tells a formatted folder is written last, so a format that was cut short is done again. */
async function format({ signal }: ServerContext, folder: string, java: string, args: readonly string[]): Promise<void> {
  const { code, output } = await runCommand(java, args, { cwd: folder, timeoutMs: START_MS, signal });
  if (code !== 0) throw new WeirError({ code: 'SERVER_FAILED', place: 'kafka', message: `Kafka could not format ${folder}.`, samples: lastLines(output) });
}

/** Ports of a container's own that nobody else sees. */
const [PEERS_PORT, CONTROLLER_PORT] = [29_092, 29_093];

/** Clients come by a port of 127.0.0.1 which is the same inside; brokers reach each other by the names of their containers, in a network of their own. */
async function inDocker({ home, durable }: ServerContext, cluster: readonly BrokerAddresses[], record: ClusterRecord): Promise<ProcessSpec[]> {
  const network = await createNetwork(home);
  const inside = cluster.map(({ id, clients }) => ({ id, clients, peers: `${containerName(home, serverOf(id))}:${PEERS_PORT}`, controller: `${containerName(home, serverOf(id))}:${CONTROLLER_PORT}` }));
  return cluster.map((broker) => {
    const folder = join(kafkaFolder(home), `docker-${broker.id}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'server.properties'), brokerProperties({ id: broker.id, cluster: inside, host: '', data: '/var/lib/kafka/data', durable }));
    const port = portOf(broker.clients);
    const { command, args, cleanUp } = container({
      server: serverOf(broker.id),
      home,
      image: IMAGES.kafka,
      ports: [[port, port]],
      data: '/var/lib/kafka/data',
      // The image reads properties from that folder and formats new data with that id.
      options: ['--network', network, '--volume', `${folder}:/mnt/shared/config:ro`, '--env', `CLUSTER_ID=${record.id}`],
    });
    return { ...common(home, broker), command, args, env: process.env, cleanUp };
  });
}

function common(home: string, { id, clients }: BrokerAddresses): Pick<ProcessSpec, 'name' | 'logFile' | 'healthy'> {
  // Once a broker takes part in the cluster it is among those that it names.
  return { name: serverOf(id), logFile: join(home, `logs/${serverOf(id)}.log`), healthy: async () => (await brokersAt(clients)).includes(clients) };
}

function serverOf(id: number): string {
  return `kafka-${id}`;
}
