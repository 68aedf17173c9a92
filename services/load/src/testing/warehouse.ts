import { PostgresDestination } from '@weir/connectors';
import { CSV_LAYOUT, type Definition, type Model } from '@weir/core';
import { Lake } from '@weir/lake';
import { Secret } from '@weir/platform';
import type { LoadResult, Progress, StageContext } from '@weir/rpc';
import { tempDir, testDatabase, type TestPostgres } from '@weir/testkit';
import type pg from 'pg';
import type { HeadsDependencies } from '../list-heads';
import { loadDestination, type LoadDependencies } from '../load-destination';
import { KeyRanges } from '../key-ranges';
import { Turns } from '../turns';
import { TestDataset } from './test-dataset';
import { TestQuarantine } from './test-quarantine';

/** A lake and a real Postgres, with the load stage between them. */
export interface Warehouse {
  readonly lake: Lake;
  readonly config: TestPostgres;
  readonly pool: pg.Pool;
  /** Columns of a model's table, without Weir's own, as text; ordered by these. */
  rows(model: Model): Promise<(string | null)[][]>;
  dispose(): Promise<void>;
}

export async function openWarehouse(): Promise<Warehouse> {
  const [database, folder] = await Promise.all([testDatabase(), tempDir()]);
  return {
    lake: new Lake(folder.path),
    config: database.config,
    pool: database.pool,
    async rows(model) {
      const columns = model.columns.map(({ name }) => `"${name}"::text`).join(', ');
      const found = await database.pool.query<(string | null)[]>({ text: `select ${columns} from "test"."${model.name}" order by ${model.columns.map(({ name }) => `"${model.name}"."${name}"`).join(', ')}`, rowMode: 'array' });
      return found.rows;
    },
    async dispose() {
      await Promise.all([database.drop(), folder.dispose()]);
    },
  };
}

/** How a test reaches the destination: straight, through a proxy, or with its own pool. */
export function destinationAt(config: TestPostgres, port = config.port): PostgresDestination {
  return PostgresDestination.open({ ...config, port, password: new Secret(config.password) });
}

let runs = 0;

/** The load stage over datasets of the test; each call is a run of its own unless it is given one. */
export class TestLoad {
  readonly quarantine = new TestQuarantine();
  readonly deps: LoadDependencies & HeadsDependencies;

  constructor(
    readonly warehouse: Pick<Warehouse, 'lake'>,
    readonly destination: PostgresDestination,
    readonly datasets: readonly TestDataset[],
    overrides: Partial<LoadDependencies> = {},
  ) {
    this.deps = {
      catalog: TestDataset.catalog(datasets),
      quarantine: this.quarantine,
      lake: warehouse.lake,
      engine: { memoryLimit: '256MB', threads: 2 },
      keyRanges: new KeyRanges(),
      engineTurns: new Turns(1),
      tableTurns: new Turns(1),
      destinationTurns: new Turns(2),
      definition: () => Promise.resolve(definitionOf(datasets.map(({ model }) => model))),
      newestDefinition: () => Promise.resolve(definitionOf(datasets.map(({ model }) => model))),
      destinationOf: () => destination,
      ...overrides,
    };
  }

  async to(snapshot: number, options: { context?: StageContext; restate?: boolean; signal?: AbortSignal; report?: (progress: Progress) => void } = {}): Promise<LoadResult> {
    const { context = newRun(), restate = false, signal = new AbortController().signal, report = () => undefined } = options;
    return loadDestination(this.deps, { context, destination: 0, snapshot, restate }, { signal, report });
  }
}

export function newRun(): StageContext {
  runs += 1;
  return { runId: `run-${runs}`, pipeline: 'test', definitionVersion: 1, attempt: `attempt-${runs}`, background: false };
}

function definitionOf(models: readonly Model[]): Definition {
  return {
    name: 'test',
    description: '',
    source: { type: 'file', dataset: 'orders', path: '/nowhere/*.csv', layout: CSV_LAYOUT, empty: 'error' },
    contract: { id: 'test', version: '1.0.0', datasets: [] },
    models,
    destinations: [{ connection: 'warehouse', type: 'postgres', schema: 'test' }],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
}
