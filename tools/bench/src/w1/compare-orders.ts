import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GetRunResponse } from '@weir/rpc';
import { SERVICES, type PlatformState } from '@weir/servers';
import type { Client } from 'pg';
import { applyTo, withPlatform } from '../bench-platform';
import { inProcess } from '../job-process';
import { measured, type JobFigures } from '../measured-job';
import type { Usage } from '../process-usage';
import { recordOf, runPipeline } from '../run-pipeline';
import { withPostgres } from '../with-postgres';
import type { DirectOrdersJob } from './direct-orders';
import { figuresOf, RUNS, type PeerFigures, type Round, type RunFigures, type RunName, type SizeFigures } from './figures';
import { writeOrdersData, type OrdersData } from './orders-data';
import { writeOrdersPipeline } from './orders-pipeline';
import { installedPeers, runPeer, type InstalledPeers, type Peer } from './peers';
import { verifyRecord, verifySame, verifyTables } from './verify-orders';

const ROUNDS = 3;
const THREADS = 2;
/** That of Weir's working services: what else the machine does then falls on everybody alike. */
const NICENESS = 10;
const DIRECT_SCHEMA = 'w1_direct';

export interface OrdersOptions {
  /** Lines of the files. */
  readonly sizes: readonly number[];
  readonly say: (text: string) => void;
}

/** The figures of each size, and which other tools could not take part. */
export interface OrdersFigures {
  readonly sizes: readonly SizeFigures[];
  readonly absent: InstalledPeers['absent'];
}

/**
 * Brings files of orders into two tables, by a pipeline, by a direct script and by the scripts of other tools that are installed: in turn, into the same Postgres, in three rounds.
 * The pipeline and the direct script do it three times: into empty tables, again, and with each hundredth order changed. Each size has a platform of its own.
 * Throws when anybody's tables, counts or checks are not those that the file was made with: no time counts before.
 */
export async function compareOrders({ sizes, say }: OrdersOptions): Promise<OrdersFigures> {
  const peers = installedPeers();
  const figures: SizeFigures[] = [];
  for (const rows of sizes) {
    say(`${rows.toLocaleString('en-US')} orders`);
    const size = await withPlatform({ say }, async (state, folder) => {
      const { base, changed } = await writeOrdersData(folder, rows);
      return withPostgres(state.warehouse, async (client) => {
        const bench = new OrdersBench(state, folder, { base, changed }, client, peers, say);
        const rounds: Round[] = [];
        for (let round = 1; round <= ROUNDS; round++) rounds.push(await bench.round(round));
        return figuresOf(base.truth, rounds);
      });
    });
    figures.push(size);
    // What was measured is not lost when a larger size fails.
    const { weir, direct } = size.runs.first;
    say(`${rows.toLocaleString('en-US')} orders: weir ${weir.wall.toFixed(2)} s, direct ${direct.wall.toFixed(2)} s${size.peers.map(({ name, wall }) => `, ${name} ${wall.toFixed(2)} s`).join('')}`);
  }
  return { sizes: figures, absent: peers.absent };
}

/** One size on one platform. */
class OrdersBench {
  constructor(
    private readonly state: PlatformState,
    private readonly folder: string,
    private readonly data: { readonly base: OrdersData; readonly changed: OrdersData },
    private readonly client: Client,
    private readonly peers: InstalledPeers,
    private readonly say: (text: string) => void,
  ) {}

  /** All systems once, each from nothing. */
  async round(round: number): Promise<Round> {
    const pipeline = `w1_${round}`;
    const source = join(this.folder, `${pipeline}.csv`);
    const definition = join(this.folder, pipeline);
    writeOrdersPipeline(definition, pipeline, source);
    await applyTo(this.state, definition);
    const runs: Partial<Record<RunName, RunFigures>> = {};
    let peers: PeerFigures[] = [];
    for (const name of RUNS) {
      this.say(`round ${round} of ${ROUNDS}: ${name}`);
      const data = name === 'changed' ? this.data.changed : this.data.base;
      rmSync(source, { force: true });
      linkSync(data.file, source);
      runs[name] = { weir: await this.weir(pipeline, name, data), direct: await this.direct(data) };
      if (name === 'first') peers = await this.others(data);
    }
    await verifySame(this.client, pipeline, DIRECT_SCHEMA);
    await this.drop(pipeline, DIRECT_SCHEMA);
    return { runs: runs as Record<RunName, RunFigures>, peers };
  }

  private async weir(pipeline: string, name: RunName, { truth }: OrdersData): Promise<RunFigures['weir']> {
    const { result, figures } = await measured(this.state.home, [...SERVICES, 'postgres', 'temporal'], () => runPipeline(this.state, pipeline, name));
    const record = await recordOf(this.state, result);
    verifyRecord(record, truth);
    await verifyTables(this.client, pipeline, truth);
    return { ...figures, stages: stagesOf(record) };
  }

  private async direct({ file, truth }: OrdersData): Promise<JobFigures> {
    const scratch = join(this.folder, 'direct');
    mkdirSync(scratch);
    const job: DirectOrdersJob = { file, truth, scratch, postgres: this.state.warehouse, schema: DIRECT_SCHEMA, threads: THREADS };
    const { result, figures } = await measured(this.state.home, ['postgres'], () => inProcess<Usage>('direct-orders', job, NICENESS));
    rmSync(scratch, { recursive: true });
    await verifyTables(this.client, DIRECT_SCHEMA, truth);
    return { wall: figures.wall, processes: [{ name: 'script', ...result }, ...figures.processes] };
  }

  private async others({ file, truth }: OrdersData): Promise<PeerFigures[]> {
    const figures: PeerFigures[] = [];
    for (const peer of this.peers.present) {
      this.say(peer.name);
      figures.push({ name: peer.name, wall: await this.peer(peer, file) });
      await verifyTables(this.client, peer.schema, truth);
      await this.drop(peer.schema);
    }
    return figures;
  }

  private async peer(peer: Peer, file: string): Promise<number> {
    const started = performance.now();
    const verifying = await runPeer({ home: this.peers.home, scratch: this.folder, niceness: NICENESS }, peer, file, this.state.warehouse);
    return (performance.now() - started) / 1_000 - verifying;
  }

  private async drop(...schemas: string[]): Promise<void> {
    for (const schema of schemas) await this.client.query(`drop schema if exists ${schema} cascade`);
  }
}

/** Seconds by stage; models and tables within them by their names. */
function stagesOf({ stages }: GetRunResponse): RunFigures['weir']['stages'] {
  return stages.map(({ stage, milliseconds, details }) => ({ stage, seconds: milliseconds / 1_000, parts: details.map((part) => ({ name: part.name, seconds: part.milliseconds / 1_000 })) }));
}
