import { toWeirError } from '@weir/core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { weirHome } from './home';
import { planJaeger, startJaeger, type JaegerPlan } from './jaeger';
import { PortPool } from './port';
import { planPostgres, startPostgres, type PostgresPlan } from './postgres';
import type { Report, Step } from './report';
import type { RunningServer, ServerContext } from './server';
import { buildServices, SERVICE_START_MS, serviceSpec } from './services';
import { SERVICES, type Addresses, type PlatformRecord, type ServiceName } from './state';
import { Supervisor } from './supervisor';
import { planTemporal, startTemporal, type TemporalPlan } from './temporal';

export interface PlatformOptions {
  readonly report: Report;
  readonly home?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether it runs on its own, with no terminal that ends it. */
  readonly detached?: boolean;
}

interface Plans {
  readonly postgres: PostgresPlan;
  readonly temporal: TemporalPlan;
  readonly jaeger: JaegerPlan;
}

/**
 * The whole platform, supervised by this process: three servers and six services. Postgres, Temporal and the build of the services
 * start side by side; services follow Postgres; Jaeger, which may take minutes to build, never holds anything up.
 */
export class Platform {
  private readonly env: Readonly<Record<string, string | undefined>>;
  private readonly aborting = new AbortController();
  private readonly settled = new Set<Step>();
  private jaeger: Promise<void> = Promise.resolve();

  private constructor(private readonly supervisor: Supervisor, private readonly options: PlatformOptions) {
    this.env = options.env ?? process.env;
  }

  /**
   * Makes this process the supervisor of the home and starts everything; returns once pipelines can run. What fails stops all that
   * had started, and is thrown. `onTaken` gets the platform before it starts, to be able to stop it halfway.
   */
  static async start(options: PlatformOptions, onTaken: (platform: Platform) => void = () => undefined): Promise<Platform> {
    const supervisor = await Supervisor.take(options.home ?? weirHome(options.env), (text) => options.report({ step: 'services', state: 'running', text }));
    const platform = new Platform(supervisor, options);
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
    await this.supervisor.stop(SERVICES);
    await this.jaeger;
  }

  private async startAll(): Promise<void> {
    const ports = new PortPool(this.env);
    const context = this.context('services', ports);
    const plans: Plans = { postgres: await planPostgres(context), temporal: await planTemporal(context), jaeger: await planJaeger(context) };
    const addresses = await this.chooseAddresses(ports, plans);
    this.supervisor.platform = { phase: 'starting', startedAt: new Date().toISOString(), detached: this.options.detached ?? false, addresses, origins: {} };
    this.supervisor.save();
    await this.startSideBySide(plans, addresses, ports);
    this.change({ phase: 'up' });
    if (!this.settled.has('jaeger')) this.report('jaeger', 'later', 'still on its way; spans are kept until it is there');
  }

  private async startSideBySide(plans: Plans, addresses: Addresses, ports: PortPool): Promise<void> {
    const postgres = this.step('postgres', ports, (context) => startPostgres(context, plans.postgres));
    const temporal = this.step('temporal', ports, (context) => startTemporal(context, plans.temporal));
    const build = this.step('build', ports, async ({ signal }) => ({ how: describeBuild(await buildServices(signal)) }));
    // Both are built by Go on a first start: Temporal first, for runs need it and do not need Jaeger.
    this.jaeger = temporal.then(() => this.step('jaeger', ports, (context) => startJaeger(context, plans.jaeger))).catch(() => undefined);
    const services = Promise.all([postgres, build]).then(() => this.step('services', ports, () => this.startServices(addresses, temporal)));
    await Promise.all([postgres, temporal, build, services]);
  }

  private async startServices(addresses: Addresses, temporal: Promise<void>): Promise<RunningServer> {
    const start = async (name: ServiceName): Promise<void> => {
      if (name === 'orchestrator') await temporal;
      await this.supervisor.supervise(serviceSpec(name, addresses, this.supervisor.home, this.env)).start(SERVICE_START_MS);
    };
    await Promise.all(SERVICES.map(start));
    return { how: `${SERVICES.length} healthy` };
  }

  private async chooseAddresses(ports: PortPool, { postgres, temporal, jaeger }: Plans): Promise<Addresses> {
    const services: [ServiceName, string][] = [];
    for (const name of SERVICES) services.push([name, `127.0.0.1:${await ports.choose(name)}`]);
    const lake = join(this.supervisor.home, 'lake');
    mkdirSync(lake, { recursive: true });
    return {
      services: Object.fromEntries(services) as Record<ServiceName, string>,
      temporal: temporal.address,
      namespace: temporal.namespace,
      temporalUi: temporal.ui,
      jaeger: jaeger.query,
      otlp: jaeger.otlp,
      lake,
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

function describeBuild(built: readonly string[]): string {
  return built.length === 0 ? 'nothing changed' : `bundled ${built.join(', ')}`;
}
