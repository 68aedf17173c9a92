import { toWeirError } from '@weir/core';
import { weirHome } from './home';
import { planJaeger, startJaeger, type JaegerPlan } from './jaeger';
import { planKafka, startKafka, type KafkaPlan } from './kafka';
import type { BrokerCount } from './kafka-cluster';
import { OnDemand, type Starter } from './on-demand';
import { PortPool } from './port';
import { planPostgres, registryAccount, startPostgres, type PostgresPlan } from './postgres';
import { planRegistry, startRegistry, type RegistryPlan } from './registry';
import type { Report, Step } from './report';
import type { RunningServer, ServerContext } from './server';
import { buildServices, SERVICE_START_MS, serviceSpec } from './services';
import { SERVICES, type Addresses, type OnDemandState, type PlatformRecord, type ServiceName } from './state';
import type { Storage } from './storage';
import { Supervisor } from './supervisor';
import { planTemporal, startTemporal, type TemporalPlan } from './temporal';
import { ON_DEMAND, want, type OnDemandServer } from './wanted';

export interface PlatformOptions {
  readonly report: Report;
  readonly home?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether it runs on its own, with no terminal that ends it. */
  readonly detached?: boolean;
  /** Whether Kafka and the schema registry are needed from the start on, and the platform is not up without them. */
  readonly kafka?: boolean;
  /** How many brokers Kafka has; those of the home's Kafka, else one, when absent. */
  readonly brokers?: BrokerCount | undefined;
}

interface Plans {
  readonly postgres: PostgresPlan;
  readonly temporal: TemporalPlan;
  readonly jaeger: JaegerPlan;
  readonly kafka: KafkaPlan;
  readonly registry: RegistryPlan;
}

/**
 * The whole platform, supervised by this process: three servers and six services. Postgres, Temporal and the build of the services
 * start side by side; services follow Postgres; Jaeger, which may take minutes to build, never holds anything up. Kafka and the schema registry have
 * addresses from the start on and are started when somebody needs them.
 */
export class Platform {
  private readonly env: Readonly<Record<string, string | undefined>>;
  private readonly aborting = new AbortController();
  private readonly settled = new Set<Step>();
  private jaeger: Promise<void> = Promise.resolve();
  private onDemand: OnDemand | undefined;

  private constructor(private readonly supervisor: Supervisor, private readonly storage: Storage, private readonly options: PlatformOptions) {
    this.env = options.env ?? process.env;
  }

  /**
   * Makes this process the supervisor of the home and starts everything; returns once pipelines can run. What fails stops all that
   * had started, and is thrown; a setting that no service could start with is thrown before. `onTaken` gets the platform before it starts, to be able to stop it halfway.
   */
  static async start(options: PlatformOptions, onTaken: (platform: Platform) => void = () => undefined): Promise<Platform> {
    const home = options.home ?? weirHome(options.env);
    // Settings come with telemetry and clients of databases, which tests that use this package for other things would all load.
    const { openStorage } = await import('./storage');
    const storage = openStorage(home, options.env ?? process.env);
    const supervisor = await Supervisor.take(home, (text) => options.report({ step: 'services', state: 'running', text }));
    const platform = new Platform(supervisor, storage, options);
    onTaken(platform);
    try {
      await platform.startAll();
      return platform;
    } catch (error) {
      await platform.stop();
      throw error;
    }
  }

  /** Waits until Jaeger is up or will not come; true when traces can be asked for. Building it takes minutes, once. */
  async jaegerIsUp(): Promise<boolean> {
    await this.jaeger;
    return this.supervisor.platform?.origins['jaeger'] !== undefined;
  }

  /** Stops services, then servers. */
  async stop(): Promise<void> {
    this.aborting.abort();
    this.change({ phase: 'stopping' });
    const demand = this.onDemand?.stop();
    await this.supervisor.stop(SERVICES);
    await Promise.all([demand, this.jaeger]);
  }

  private async startAll(): Promise<void> {
    const ports = new PortPool(this.env);
    const context = this.context('services', ports);
    const plans: Plans = {
      postgres: await planPostgres(context),
      temporal: await planTemporal(context),
      jaeger: await planJaeger(context),
      kafka: await planKafka(context, this.options.brokers),
      registry: await planRegistry(context),
    };
    const addresses = await this.chooseAddresses(ports, plans);
    this.supervisor.platform = { phase: 'starting', startedAt: new Date().toISOString(), detached: this.options.detached ?? false, addresses, origins: {}, onDemand: {} };
    this.supervisor.save();
    await this.startSideBySide(plans, addresses, ports);
    this.change({ phase: 'up' });
    if (!this.settled.has('jaeger')) this.report('jaeger', 'later', 'still on its way; spans are kept until it is there');
    for (const server of ON_DEMAND) if (this.supervisor.platform.onDemand[server]?.phase === 'starting') this.report(server, 'later', 'still on its way; what needs it waits');
  }

  private async startSideBySide(plans: Plans, addresses: Addresses, ports: PortPool): Promise<void> {
    const postgres = this.step('postgres', ports, (context) => startPostgres(context, plans.postgres));
    const temporal = this.step('temporal', ports, (context) => startTemporal(context, plans.temporal));
    const build = this.step('build', ports, async ({ signal }) => ({ how: describeBuild(await buildServices(signal)) }));
    // Both are built by Go on a first start: Temporal first, for runs need it and do not need Jaeger.
    this.jaeger = temporal.then(() => this.step('jaeger', ports, (context) => startJaeger(context, plans.jaeger))).catch(() => undefined);
    const onDemand = this.watchDemand(plans, ports, postgres);
    const services = Promise.all([postgres, build]).then(() => this.step('services', ports, () => this.startServices(addresses, temporal)));
    await Promise.all([postgres, temporal, build, services, onDemand]);
  }

  /** Starts what this home needed before, and from now on what is needed; resolves at once unless the options ask for Kafka. */
  private async watchDemand(plans: Plans, ports: PortPool, postgres: Promise<void>): Promise<void> {
    const context = (server: OnDemandServer, say: (text: string) => void): ServerContext => ({ ...this.context(server, ports), say });
    const starters: Readonly<Record<OnDemandServer, Starter>> = {
      kafka: (say) => startKafka(context('kafka', say), plans.kafka),
      registry: (say) => startRegistry(context('registry', say), plans.registry, () => postgres.then(() => registryAccount(context('registry', say), plans.postgres))),
    };
    if (this.options.kafka) for (const server of ON_DEMAND) want(this.supervisor.home, server);
    this.onDemand = new OnDemand(this.supervisor.home, starters, (server, state) => this.onDemandChanged(server, state));
    this.onDemand.watch();
    if (this.options.kafka) await this.onDemand.settled();
  }

  private onDemandChanged(server: OnDemandServer, state: OnDemandState): void {
    // What ends because the platform stops has not failed, and the state on disk may be gone already.
    if (this.aborting.signal.aborted) return;
    this.change({ onDemand: { ...this.supervisor.platform?.onDemand, [server]: state } });
    this.report(server, STATE_WORDS[state.phase], state.text);
  }

  private async startServices(addresses: Addresses, temporal: Promise<void>): Promise<RunningServer> {
    const start = async (name: ServiceName): Promise<void> => {
      if (name === 'orchestrator') await temporal;
      await this.supervisor.supervise(serviceSpec(name, addresses, this.supervisor.home, this.env)).start(SERVICE_START_MS);
    };
    await Promise.all(SERVICES.map(start));
    return { how: `${SERVICES.length} healthy` };
  }

  private async chooseAddresses(ports: PortPool, { postgres, temporal, jaeger, kafka, registry }: Plans): Promise<Addresses> {
    const services: [ServiceName, string][] = [];
    for (const name of SERVICES) services.push([name, `127.0.0.1:${await ports.choose(name)}`]);
    return {
      services: Object.fromEntries(services) as Record<ServiceName, string>,
      temporal: temporal.address,
      namespace: temporal.namespace,
      temporalUi: temporal.ui,
      jaeger: jaeger.query,
      otlp: jaeger.otlp,
      kafka: kafka.brokers,
      registry: registry.url,
      ...this.storage,
      warehouse: postgres.warehouse,
      postgres: postgres.platform,
    };
  }

  private async step(step: Step, ports: PortPool, body: (context: ServerContext) => Promise<RunningServer>): Promise<void> {
    this.report(step, 'running', 'looking');
    try {
      const { how } = await body(this.context(step, ports));
      this.change({ origins: { ...this.supervisor.platform?.origins, [step]: how } });
      this.report(step, 'done', how);
    } catch (error) {
      if (!this.aborting.signal.aborted) this.report(step, 'failed', toWeirError(error).message);
      throw error;
    } finally {
      this.settled.add(step);
    }
  }

  private context(step: Step, ports: PortPool): ServerContext {
    return {
      home: this.supervisor.home,
      env: this.env,
      ports,
      durable: true,
      signal: this.aborting.signal,
      say: (text) => this.report(step, 'running', text),
      supervise: (spec) => this.supervisor.supervise(spec),
    };
  }

  private change(part: Partial<PlatformRecord>): void {
    if (!this.supervisor.platform) return;
    this.supervisor.platform = { ...this.supervisor.platform, ...part };
    this.supervisor.save();
  }

  private report(step: Step, state: 'running' | 'done' | 'failed' | 'later', text: string): void {
    this.options.report({ step, state, text });
  }
}

const STATE_WORDS = { starting: 'running', running: 'done', failed: 'failed' } as const;

function describeBuild(built: readonly string[]): string {
  return built.length === 0 ? 'nothing changed' : `bundled ${built.join(', ')}`;
}
