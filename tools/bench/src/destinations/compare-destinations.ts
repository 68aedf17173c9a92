import { execFile } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { quoteIdent } from '@weir/core';
import type { PlatformState } from '@weir/servers';
import type { Client } from 'pg';
import { applyTo, withPlatform } from '../bench-platform';
import { inProcess } from '../job-process';
import { measured, type ProcessFigures } from '../measured-job';
import { recordOf, runPipeline } from '../run-pipeline';
import { writeOrdersData, type OrdersData } from '../w1/orders-data';
import { writeOrdersPipeline } from '../w1/orders-pipeline';
import { withPostgres } from '../with-postgres';
import type { DirectExportJob } from './direct-export';
import { KINDS, type Kind } from './kinds';
import { verifyExport, verifyTable } from './verify-destination';

const ROUNDS = 3;
const THREADS = 2;
/** Lines of the file that makes a table, before it has its constraint: among so few is none of those it refuses. */
const FIRST_LINES = 10;

export interface DestinationOptions {
  /** Lines of the file, 10,000 at least. */
  readonly rows: number;
  readonly say: (text: string) => void;
}

/** Seconds of the stage that loads, CPU and memory of its service; and what a script took for the same files. */
export interface LoadFigures {
  readonly name: string;
  readonly seconds: number;
  readonly load: Omit<ProcessFigures, 'name'>;
  readonly direct: number | undefined;
}

/** Of each kind the fastest of the rounds. */
export interface DestinationFigures {
  readonly rows: number;
  readonly kinds: readonly LoadFigures[];
}

/**
 * Loads the orders of one file into each kind of destination, in turn, in three rounds, on a platform of its own. Throws when a destination does not have what the file was made with, or refused other orders than it was
 * to refuse.
 */
export async function compareDestinations({ rows, say }: DestinationOptions): Promise<DestinationFigures> {
  return withPlatform({ say }, async (state, folder) => {
    const { base } = await writeOrdersData(folder, rows);
    return withPostgres(state.warehouse, async (client) => {
      const bench = new DestinationBench(state, folder, base, client);
      const figures: LoadFigures[] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        for (const [nth, kind] of KINDS.entries()) {
          say(`round ${round} of ${ROUNDS}: ${kind.name}`);
          figures.push(await bench.load(kind, `d${nth}_${round}`));
        }
      }
      return { rows, kinds: KINDS.map(({ name }) => figures.filter((one) => one.name === name).reduce((one, other) => ({ ...(other.seconds < one.seconds ? other : one), direct: least(one.direct, other.direct) }))) };
    });
  });
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? one : Math.min(one, other);
}

class DestinationBench {
  constructor(
    private readonly state: PlatformState,
    private readonly folder: string,
    private readonly data: OrdersData,
    private readonly client: Client,
  ) {}

  /** One load into a destination of its own, which is removed after it. */
  async load(kind: Kind, pipeline: string): Promise<LoadFigures> {
    const source = join(this.folder, `${pipeline}.csv`);
    const definition = join(this.folder, pipeline);
    const { format } = kind;
    writeOrdersPipeline(definition, pipeline, source, format === undefined ? undefined : { type: 'file', path: pipeline, format });
    await applyTo(this.state, definition);
    if (format === undefined) await this.prepareTable(kind, pipeline, source);
    else linkSync(this.data.file, source);
    const { result, figures } = await measured(this.state.home, ['load'], () => runPipeline(this.state, pipeline, 'all'));
    const { stages } = await recordOf(this.state, result);
    const seconds = (stages.find(({ stage }) => stage === 'load')?.milliseconds ?? 0) / 1_000;
    const direct = format === undefined ? await this.checkTable(kind, pipeline) : await this.exportBeside(pipeline, format);
    rmSync(source);
    const [load = { cpu: 0, peak: 0 }] = figures.processes;
    return { name: kind.name, seconds, load: { cpu: load.cpu, peak: load.peak }, direct };
  }

  /** Has the table made by a run over a few lines, and lets it demand something afterwards: then nearly all orders are new to it, whatever it refuses. */
  private async prepareTable({ refused }: Kind, pipeline: string, source: string): Promise<void> {
    const { stdout } = await promisify(execFile)('head', ['-n', String(FIRST_LINES + 1), this.data.file]);
    writeFileSync(source, stdout);
    await runPipeline(this.state, pipeline, 'first');
    const every = refused === 0 ? this.data.truth.unique + 2 : Math.floor(this.data.truth.unique / refused);
    await this.client.query(`alter table ${quoteIdent(pipeline)}.orders add constraint wanted check (right(order_id, 10)::bigint % ${every} <> ${every - 1})`);
    rmSync(source);
    linkSync(this.data.file, source);
  }

  private async checkTable({ refused }: Kind, pipeline: string): Promise<undefined> {
    await verifyTable(this.client, pipeline, this.data.truth, refused);
    await this.client.query(`drop schema ${quoteIdent(pipeline)} cascade`);
  }

  /** Verifies the files; then a script writes the same. */
  private async exportBeside(pipeline: string, format: DirectExportJob['format']): Promise<number> {
    const folder = join(this.state.exports, pipeline);
    const scratch = join(this.folder, 'direct');
    mkdirSync(scratch);
    await verifyExport(folder, scratch, { pipeline, format }, this.data.truth);
    const staged = join(this.state.lake, 'silver', pipeline, 'orders');
    const segments = readdirSync(staged, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.parquet')).map((path) => join(staged, path));
    const job: DirectExportJob = { segments, file: join(scratch, 'orders'), format, threads: THREADS };
    const seconds = await inProcess<number>('direct-export', job);
    for (const path of [scratch, folder]) rmSync(path, { recursive: true });
    return seconds;
  }
}
