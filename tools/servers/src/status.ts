import { isServing } from './health';
import { weirHome } from './home';
import { jaegerAnswers } from './jaeger';
import { kafkaAnswers } from './kafka';
import { answers } from './port';
import type { Account } from './postgres-accounts';
import { isAlive } from './process-reference';
import { registryAnswers } from './registry';
import { readState, SERVICES, type Addresses, type OnDemandState, type ServiceName, type State } from './state';
import { answersCalls } from './temporal';

export interface Health {
  readonly healthy: boolean;
}

export interface ServiceHealth extends Health {
  readonly address: string;
  /** How often the supervisor had to start it again. */
  readonly restarts: number;
  readonly pid: number | undefined;
}

/** A server that is started when something needs it. */
export interface OnDemandHealth extends Health {
  /** idle: nothing has needed it. */
  readonly phase: 'idle' | OnDemandState['phase'];
  /** What is being done, how it came to be, or what went wrong. */
  readonly how: string;
}

/** A running platform as `weir status --json` prints it. */
export interface PlatformStatus {
  readonly phase: 'starting' | 'up' | 'stopping';
  /** Whether everything that runs need is healthy: not Jaeger, and of the servers on demand those that were started here. */
  readonly healthy: boolean;
  readonly startedAt: string;
  readonly supervisor: number;
  readonly home: string;
  readonly services: Readonly<Record<ServiceName, ServiceHealth>>;
  readonly temporal: Health & { readonly address: string; readonly namespace: string; readonly how: string };
  readonly temporalUi: string;
  readonly jaeger: Health & { readonly query: string; readonly otlp: string; readonly how: string };
  readonly postgres: Health & { readonly address: string; readonly how: string };
  readonly kafka: OnDemandHealth & { readonly brokers: readonly string[] };
  readonly registry: OnDemandHealth & { readonly url: string };
  readonly warehouse: Account;
  readonly lake: string;
  readonly exports: string;
}

/** `leftovers`: processes that a crashed supervisor left running. */
export type StatusAnswer = { readonly kind: 'running'; readonly status: PlatformStatus } | { readonly kind: 'down'; readonly leftovers: readonly string[] };

/** Asks every server and service of the platform of `home`, side by side; about 50 ms when all are well. */
export async function platformStatus(home: string = weirHome()): Promise<StatusAnswer> {
  const state = readState(home);
  if (!state?.platform || !isAlive(state.supervisor)) {
    const left = (state?.processes ?? []).filter(({ process }) => process && isAlive(process));
    return { kind: 'down', leftovers: left.map(({ name }) => name) };
  }
  return { kind: 'running', status: await ask(state, state.platform) };
}

async function ask(state: State, { phase, startedAt, addresses, origins, onDemand }: NonNullable<State['platform']>): Promise<PlatformStatus> {
  const { postgres } = addresses;
  const [services, temporal, jaeger, database, kafka, registry] = await Promise.all([
    askServices(state, addresses),
    answersCalls({ address: addresses.temporal, namespace: addresses.namespace }).catch(() => false),
    jaegerAnswers(addresses.jaeger),
    answers(postgres.host, postgres.port),
    askOnDemand(onDemand.kafka, () => kafkaAnswers(addresses.kafka)),
    askOnDemand(onDemand.registry, () => registryAnswers(addresses.registry)),
  ]);
  return {
    phase,
    healthy: temporal && database && Object.values(services).every(({ healthy }) => healthy) && [kafka, registry].every(({ phase: itsPhase, healthy }) => healthy || itsPhase === 'idle' || itsPhase === 'starting'),
    startedAt,
    supervisor: state.supervisor.pid,
    home: state.home,
    services,
    temporal: { address: addresses.temporal, namespace: addresses.namespace, healthy: temporal, how: origins['temporal'] ?? '' },
    temporalUi: addresses.temporalUi,
    jaeger: { query: addresses.jaeger, otlp: addresses.otlp, healthy: jaeger, how: origins['jaeger'] ?? 'not there yet' },
    postgres: { address: `${postgres.host}:${postgres.port}`, healthy: database, how: origins['postgres'] ?? '' },
    kafka: { ...kafka, brokers: addresses.kafka },
    registry: { ...registry, url: addresses.registry },
    warehouse: addresses.warehouse,
    lake: addresses.lake,
    exports: addresses.exports,
  };
}

async function askOnDemand(state: OnDemandState | undefined, answers: () => Promise<boolean>): Promise<OnDemandHealth> {
  if (!state) return { phase: 'idle', healthy: false, how: 'starts when a pipeline needs it' };
  return { phase: state.phase, healthy: state.phase === 'running' && (await answers()), how: state.text };
}

async function askServices(state: State, addresses: Addresses): Promise<Record<ServiceName, ServiceHealth>> {
  const answered = await Promise.all(
    SERVICES.map(async (name) => {
      const address = addresses.services[name];
      const known = state.processes.find((process) => process.name === name);
      return [name, { address, healthy: await isServing(address), restarts: known?.restarts ?? 0, pid: known?.process?.pid }] as const;
    }),
  );
  return Object.fromEntries(answered) as Record<ServiceName, ServiceHealth>;
}
