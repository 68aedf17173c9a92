import { join } from 'node:path';
import { Client as Temporal, Connection } from '@temporalio/client';
import { needServers, readState, SERVICES, type PlatformState } from '@weir/servers';
import { until } from '@weir/testkit';
import { Client } from 'pg';
import { applyTo, withPlatform } from '../bench-platform';
import { inProcess } from '../job-process';
import { residentOf, usageOf } from '../process-usage';
import { slopeOf } from '../spread';
import { ORDER_COLUMNS, writeOrdersPipeline } from './bench-orders';
import type { DirectConsumerJob } from './direct-consumer';
import type { SendOrdersJob } from './send-orders';


export interface StreamOptions {
  /** Records of the topic that is drained. */
  readonly records: number;
  /** How long 5,000 records a second are sent while memory is watched; 0 leaves it out. */
  readonly minutes: number;
  readonly say: (text: string) => void;
}

/** From first to last commit of a drained topic. */
export interface DrainRate {
  readonly perSecond: number;
  /** CPU seconds by process, the Kafka broker and Postgres among them. */
  readonly cpu: Readonly<Record<string, number>>;
}

/** From a record's making to the commit of its row, milliseconds, without the first three seconds. */
export interface Latency {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly rows: number;
}

export interface StreamFigures {
  readonly drain: { readonly weir: readonly DrainRate[]; readonly direct: readonly DrainRate[] };
  readonly latency: { readonly weir: readonly Latency[]; readonly direct: readonly Latency[] };
  /** Resident MiB of each service at the beginning and the end, and MiB a minute between. */
  readonly memory: readonly { readonly name: string; readonly first: number; readonly last: number; readonly perMinute: number }[];
  /** Whether both sides ended with the same newest versions. */
  readonly same: boolean;
}

const PARTITIONS = 4;
const ROUNDS = 3;
const RATES = [1_000, 5_000];
const LATENCY_SECONDS = 20;
const SKIPPED_US = 3_000_000;
const PROCESSES = [...SERVICES, 'postgres', 'kafka'];

/** Measures the stream beside a plain consumer on the same servers, one after the other. */
export async function measureStream({ records, minutes, say }: StreamOptions): Promise<StreamFigures> {
  return withPlatform({ say }, async (state, folder) => {
    await needServers(state.home, ['kafka'], () => undefined);
    const bench = await StreamBench.open(state, folder, say);
    try {
      say(`filling a topic with ${records} records`);
      await bench.send({ topic: 'drain', records });
      const drain = { weir: [] as DrainRate[], direct: [] as DrainRate[] };
      for (let round = 1; round <= ROUNDS; round += 1) {
        say(`draining it, round ${round}: plain consumer, stream`);
        drain.direct.push(await bench.drainDirectly(`direct_${round}`, records));
        drain.weir.push(await bench.drain(`drain_${round}`, records));
      }
      const same = await bench.sameRows('direct_1', 'drain_1');
      const latency = { weir: [] as Latency[], direct: [] as Latency[] };
      for (const rate of RATES) {
        say(`${rate} records a second for ${LATENCY_SECONDS} s: plain consumer, stream`);
        latency.direct.push(await bench.latencyDirectly(rate));
        latency.weir.push(await bench.latency(rate));
      }
      say(`5,000 records a second for ${minutes} min, watching memory`);
      const memory = minutes > 0 ? await bench.memory(minutes) : [];
      return { drain, latency, memory, same };
    } finally {
      await bench.close();
    }
  });
}

/** One platform under the bench. */
class StreamBench {
  private constructor(
    private readonly state: PlatformState,
    private readonly folder: string,
    private readonly postgres: Client,
    private readonly connection: Connection,
    private readonly say: (text: string) => void,
  ) {}

  static async open(state: PlatformState, folder: string, say: (text: string) => void): Promise<StreamBench> {
    const { host, port, database, user, password } = state.warehouse;
    const postgres = new Client({ host, port, database, user, password });
    await postgres.connect();
    return new StreamBench(state, folder, postgres, await Connection.connect({ address: state.temporal }), say);
  }

  async close(): Promise<void> {
    await this.postgres.end();
    await this.connection.close();
  }

  async send(job: Pick<SendOrdersJob, 'topic' | 'records' | 'rate'>): Promise<void> {
    await inProcess<number>('send-orders', { ...job, brokers: this.state.kafka, partitions: PARTITIONS } satisfies SendOrdersJob);
  }

  /** Drains the topic by a stream of its own. */
  async drain(name: string, records: number): Promise<DrainRate> {
    const before = this.cpu();
    await this.start(name, 'drain');
    await this.loaded(name, records);
    const rate = { perSecond: await this.rateOf(name, records), cpu: difference(before, this.cpu()) };
    await this.stop(name);
    return rate;
  }

  async drainDirectly(schema: string, records: number): Promise<DrainRate> {
    const before = this.cpu();
    const script = await inProcess<number>('direct-consumer', this.directJob('drain', schema, records));
    return { perSecond: await this.rateOf(schema, records), cpu: { ...difference(before, this.cpu()), script } };
  }

  async latency(rate: number): Promise<Latency> {
    const [name, topic] = [`paced_${rate}`, `paced-${rate}`];
    await this.send({ topic, records: 1, rate });
    await this.start(name, topic);
    await this.loaded(name, 1);
    const records = rate * LATENCY_SECONDS;
    await this.send({ topic, records, rate });
    await this.loaded(name, records + 1);
    await this.stop(name);
    return this.latencyOf(name, rate);
  }

  async latencyDirectly(rate: number): Promise<Latency> {
    const [schema, topic] = [`paced_direct_${rate}`, `paced-direct-${rate}`];
    await this.send({ topic, records: 1, rate });
    const records = rate * LATENCY_SECONDS;
    const consuming = inProcess<number>('direct-consumer', this.directJob(topic, schema, records + 1));
    await until(() => this.count(`select count(*) from ${schema}.orders`), { timeoutMs: 30_000, what: 'The plain consumer' });
    await this.send({ topic, records, rate });
    await consuming;
    return this.latencyOf(schema, rate);
  }

  async memory(minutes: number): Promise<StreamFigures['memory']> {
    const [name, topic, rate] = ['steady', 'steady', 5_000];
    await this.send({ topic, records: 1, rate });
    await this.start(name, topic);
    const records = rate * 60 * minutes;
    const points = new Map<string, [number, number][]>(SERVICES.map((service) => [service, []]));
    const started = performance.now();
    const ended = new AbortController();
    const sending = this.send({ topic, records, rate }).finally(() => ended.abort());
    while (!ended.signal.aborted) {
      const minute = (performance.now() - started) / 60_000;
      for (const [service, pid] of this.pids()) points.get(service)?.push([minute, residentOf(pid) / 1024 / 1024]);
      await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 5_000))]);
    }
    await this.loaded(name, records + 1);
    await this.stop(name);
    return [...points].map(([service, all]) => {
      // Engines and heaps grow to their working size in the first minute.
      const settled = all.filter(([minute]) => minute >= Math.min(1, minutes / 2));
      return { name: service, first: settled[0]?.[1] ?? 0, last: settled.at(-1)?.[1] ?? 0, perMinute: slopeOf(settled) };
    });
  }

  async sameRows(one: string, other: string): Promise<boolean> {
    // The plain consumer keeps what came last, which is the newest where a key stays in its partition.
    const columns = Object.keys(ORDER_COLUMNS).join(', ');
    const { rows } = await this.postgres.query(`select ((select count(*) from ${one}.orders) = (select count(*) from ${other}.orders)) and not exists (select ${columns} from ${one}.orders except select ${columns} from ${other}.orders) as same`);
    return (rows[0] as { same: boolean }).same;
  }

  private directJob(topic: string, schema: string, records: number): DirectConsumerJob {
    return { brokers: this.state.kafka, topic, postgres: this.state.warehouse, schema, records };
  }

  private async start(name: string, topic: string): Promise<void> {
    const definition = join(this.folder, name);
    writeOrdersPipeline(definition, name, topic);
    await applyTo(this.state, definition);
    const temporal = new Temporal({ connection: this.connection, namespace: this.state.namespace });
    await temporal.workflow.start('pipelineStream', { taskQueue: 'weir', workflowId: `stream/${name}`, args: [{ pipeline: name }] });
  }

  private async stop(name: string): Promise<void> {
    const temporal = new Temporal({ connection: this.connection, namespace: this.state.namespace });
    await temporal.workflow.getHandle(`stream/${name}`).terminate('The bench has what it needs.').catch(() => this.say(`stream/${name} had ended`));
    await temporal.workflow.getHandle(`archive/${name}`).terminate('The bench has what it needs.').catch(() => undefined);
  }

  private async loaded(name: string, records: number): Promise<void> {
    await until(async () => (await this.count(`select coalesce(sum(next), 0) from weir.position where pipeline = '${name}'`)) >= records, { timeoutMs: 600_000, what: `${records} records of ${name}` });
  }

  private async count(query: string): Promise<number> {
    const { rows } = await this.postgres.query({ text: query, rowMode: 'array' });
    return Number((rows[0] as unknown[] | undefined)?.[0] ?? 0);
  }

  /** Records by the time from the first to the last commit. */
  private async rateOf(schema: string, records: number): Promise<number> {
    const seconds = await this.count(`select extract(epoch from max(pg_xact_commit_timestamp(xmin)) - min(pg_xact_commit_timestamp(xmin))) from ${schema}.orders`);
    return records / seconds;
  }

  private async latencyOf(schema: string, rate: number): Promise<Latency> {
    const { rows } = await this.postgres.query(`with l as (select extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000 - event_us / 1000.0 as ms, event_us - min(event_us) over () as after from ${schema}.orders)
      select count(*)::int as rows, percentile_cont(0.5) within group (order by ms)::float8 as p50, percentile_cont(0.99) within group (order by ms)::float8 as p99, max(ms)::float8 as most from l where after > ${SKIPPED_US}`);
    return { rate, ...(rows[0] as Omit<Latency, 'rate'>) };
  }

  private pids(): [string, number][] {
    return (readState(this.state.home)?.processes ?? []).map(({ name, process }) => [name, process?.pid ?? 0]);
  }

  private cpu(): Map<string, number> {
    return new Map(this.pids().filter(([name]) => PROCESSES.some((known) => name.startsWith(known))).map(([name, pid]) => [name, usageOf(pid).cpu]));
  }
}

function difference(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...after].map(([name, cpu]) => [name, cpu - (before.get(name) ?? 0)]));
}
