import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { connect, type Clients } from '@weir/rpc';
import { platformState, readState, type PlatformState, type State } from '@weir/servers';
import { until } from '@weir/testkit';
import { Pool } from 'pg';

/** A half-open range of days as callers write it. */
export interface Days {
  readonly start: string;
  readonly end: string;
}

/** The end of a run as its workflow gives it. */
export interface RunEnd {
  readonly runId: string;
  readonly snapshot: number;
  readonly verdict: string;
  readonly accounts: { readonly read: number; readonly admitted: number; readonly duplicate: number; readonly quarantined: number; readonly filtered: number };
}

/** The running platform as a test sees it. */
export class TestPlatform {
  private constructor(
    readonly state: PlatformState,
    readonly clients: Clients,
    readonly warehouse: Pool,
    private readonly connection: Connection,
    readonly temporal: Client,
  ) {}

  /** Connects to the platform that platform-setup.ts started. */
  static async open(): Promise<TestPlatform> {
    const state = await platformState(process.env['WEIR_E2E_HOME']);
    const { host, port, database, user, password } = state.warehouse;
    const connection = await Connection.connect({ address: state.temporal });
    const temporal = new Client({ connection, namespace: state.namespace });
    const warehouse = new Pool({ host, port, database, user, password, max: 4 });
    // Idle connections break when a test kills Postgres; the next query opens another.
    warehouse.on('error', () => undefined);
    return new TestPlatform(state, connect(state.services), warehouse, connection, temporal);
  }

  async close(): Promise<void> {
    this.clients.close();
    await this.warehouse.end();
    await this.connection.close();
  }

  /** Starts a run through Temporal. */
  start(pipeline: string, days?: Days, workflowId = `run/${pipeline}/${days?.start ?? 'all'}_${days?.end ?? 'all'}`): Promise<WorkflowHandle> {
    const input = days ? { pipeline, interval: days } : { pipeline };
    return this.temporal.workflow.start('pipelineRun', { taskQueue: 'weir', workflowId, args: [input] });
  }

  /** Runs a pipeline to its end; a failed run is thrown as WorkflowFailedError. */
  async run(pipeline: string, days?: Days): Promise<RunEnd> {
    const handle = await this.start(pipeline, days);
    return (await handle.result()) as RunEnd;
  }

  /** What the supervisor last wrote about its processes. */
  processes(): State['processes'] {
    const state = readState(this.state.home);
    if (!state) throw new Error(`The platform in ${this.state.home} is gone.`);
    return state.processes;
  }

  /** Kills the process of a service without a warning. */
  kill(service: string): void {
    const found = this.processes().find(({ name }) => name === service)?.process;
    if (!found) throw new Error(`${service} does not run.`);
    process.kill(found.pid, 'SIGKILL');
  }

  /** How often the supervisor had to start a service again. */
  restarts(service: string): number {
    return this.processes().find(({ name }) => name === service)?.restarts ?? 0;
  }

  /** Waits until every process is healthy again. */
  async healthy(): Promise<void> {
    await until(() => this.processes().every(({ condition }) => condition === 'healthy'), { timeoutMs: 60_000, what: 'A platform with all processes healthy' });
  }
}
