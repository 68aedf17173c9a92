import { WeirError } from '@weir/core';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command';
import { cacheHome } from './home';
import { lookForJava, type Java } from './java';
import { brokersAt } from './kafka-metadata';
import { BROKER_LOGGING, brokerProperties, type BrokerAddresses } from './kafka-properties';
import { mavenFetch } from './maven';
import type { RunningServer, ServerContext } from './server';
import type { ProcessSpec } from './supervised';
import { OLDEST_JAVA, VERSIONS } from './versions';

const START_MS = 60_000;

export interface KafkaPlan {
  /** host:port of every broker. */
  readonly brokers: readonly string[];
  /** The brokers to start; undefined when running ones were given. */
  readonly cluster: readonly BrokerAddresses[] | undefined;
}

interface Programs {
  readonly java: Java;
  /** Folder of the jars. */
  readonly lib: string;
}

/**
 * Chooses the addresses, at once: services are told them long before a broker runs. The order of origins: WEIR_KAFKA_BROKERS
 * (host:port, separated by commas) → cache → fetched with Maven.
 */
export async function planKafka({ env, ports }: ServerContext): Promise<KafkaPlan> {
  const given = env['WEIR_KAFKA_BROKERS'];
  if (given) return { brokers: given.split(','), cluster: undefined };
  const [clients, controller] = [await ports.choose('kafka'), await ports.choose('kafkaController')];
  const cluster = [{ id: 1, clients: `127.0.0.1:${clients}`, controller: `127.0.0.1:${controller}` }];
  return { brokers: cluster.map((broker) => broker.clients), cluster };
}

/** Finds or fetches Kafka, starts the brokers of a plan and returns once all of them answer. */
export async function startKafka(context: ServerContext, { brokers, cluster }: KafkaPlan): Promise<RunningServer> {
  if (!cluster) {
    if (!(await kafkaAnswers(brokers))) throw new WeirError({ code: 'SERVER_FAILED', place: 'kafka', message: `The brokers of WEIR_KAFKA_BROKERS do not all answer: ${brokers.join(', ')}.`, fix: 'Start them, or correct WEIR_KAFKA_BROKERS.' });
    return { how: 'given' };
  }
  const found = look() ?? (await fetch(context));
  context.say('starting');
  await Promise.all(cluster.map(async ({ id }) => context.supervise(await natively(context, cluster, id, found)).start(START_MS)));
  return { how: `${found.lib} (Java ${found.java.version})` };
}

/** Whether every broker answers and knows as many that are alive. */
export async function kafkaAnswers(brokers: readonly string[]): Promise<boolean> {
  const known = await Promise.all(brokers.map(brokersAt));
  return known.every((alive) => alive.length >= brokers.length);
}

function cached(): string {
  return join(cacheHome(), `kafka-${VERSIONS.kafka}`, 'lib');
}

/** Kafka in the cache and a Java to run it; undefined when either is missing. */
export function look(): Programs | undefined {
  const java = lookForJava(OLDEST_JAVA);
  return java && existsSync(cached()) ? { java, lib: cached() } : undefined;
}

async function fetch({ say, signal }: ServerContext): Promise<Programs> {
  const java = lookForJava(OLDEST_JAVA);
  if (!java) throw new WeirError({ code: 'SERVER_FAILED', place: 'kafka', message: `Kafka needs Java ${OLDEST_JAVA} or newer; there is none, and Docker does not answer.`, fix: `Install Java (adoptium.net) or Docker (docs.docker.com/get-docker), then start again.` });
  await mavenFetch({
    title: `Kafka ${VERSIONS.kafka}`,
    place: 'kafka',
    version: VERSIONS.kafka,
    target: cached(),
    args: (output) => ['dependency:copy-dependencies', `-DoutputDirectory=${output}`, '-DincludeScope=runtime'],
    say,
    signal,
  });
  return { java, lib: cached() };
}

async function natively({ home, durable, signal }: ServerContext, cluster: readonly BrokerAddresses[], id: number, { java, lib }: Programs): Promise<ProcessSpec> {
  const folder = join(home, 'kafka', String(id));
  mkdirSync(folder, { recursive: true });
  // Relative paths: a home's path may hold what a properties file or a list of folders takes for its own.
  writeFileSync(join(folder, 'server.properties'), brokerProperties({ id, cluster, host: '127.0.0.1', data: 'data', durable }));
  writeFileSync(join(folder, 'log4j2.properties'), BROKER_LOGGING);
  const args = [...JVM, '-cp', join(lib, '*')];
  if (!existsSync(join(folder, 'data/meta.properties'))) {
    const { code, output } = await runCommand(java.program, [...args, 'kafka.tools.StorageTool', 'format', '--cluster-id', randomBytes(16).toString('base64url'), '--config', 'server.properties', '--ignore-formatted'], { cwd: folder, timeoutMs: START_MS, signal });
    if (code !== 0) throw new WeirError({ code: 'SERVER_FAILED', place: 'kafka', message: `Kafka could not format ${folder}.`, samples: output.trimEnd().split('\n').slice(-5).map((line) => line.slice(0, 300)) });
  }
  const address = cluster.find((broker) => broker.id === id)?.clients ?? '';
  return {
    name: `kafka-${id}`,
    command: java.program,
    args: [...args, 'kafka.Kafka', 'server.properties'],
    env: process.env,
    cwd: folder,
    logFile: join(home, `logs/kafka-${id}.log`),
    // Once it takes part in the cluster it is among those that it names.
    healthy: async () => (await brokersAt(address)).includes(address),
  };
}

/** A small heap, and what makes a small Java start fast. */
const JVM = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dlog4j2.configurationFile=log4j2.properties'];
