import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { RegistryConnection } from '@weir/connectors';
import { CSV_LAYOUT, toWeirError, type ContractDataset, type Definition, type Interval, type Model, type WeirError } from '@weir/core';
import { WarmEngines, withEngine } from '@weir/engine';
import { Lake, rawPath, type Segment } from '@weir/lake';
import { migrate, StageGate } from '@weir/platform';
import type { AuditResult, Progress, SegmentSet, ValidateRequest, ValidateResult } from '@weir/rpc';
import { tempDir, testDatabase, type TempDir, type TestDatabase } from '@weir/testkit';
import { audit } from '../audit';
import { decoders } from '../decoders';
import type { Dependencies } from '../dependencies';
import { RollingChecks } from '../rolling-checks';
import { validate } from '../validate';
import { PublishedDatasets } from './published-datasets';

/** What a stage answered: its result, its error, or both when a verdict failed. */
export interface Answer<Result> {
  readonly result: Result | undefined;
  readonly error: WeirError | undefined;
  readonly progress: readonly Progress[];
}

export interface QuarantinedText {
  readonly file: string;
  readonly line: number;
  readonly rules: string[];
  readonly reason: string;
  readonly original: Buffer | null;
  readonly original_path: string | null;
}

/** A file of a run: content, and the partition it is of. */
export interface SourceFile {
  readonly name: string;
  readonly content: string | Buffer;
  readonly partition?: string;
}

/** A quality service without its wire: a lake in a temporary folder and a database of its own. */
export class Workbench {
  definition: Definition = retail();
  readonly lake: Lake;
  /** What was published, as the metadata service would tell. */
  readonly catalog = new PublishedDatasets();
  now = new Date('2011-01-01T00:00:00Z');
  /** What was logged, oldest first. */
  readonly logged: { readonly level: string; readonly line: object; readonly message: string }[] = [];
  readonly dependencies: Dependencies;

  private constructor(
    readonly dir: TempDir,
    readonly database: TestDatabase,
    registry: RegistryConnection | undefined,
  ) {
    const write = (level: string) => (line: object, message: string) => void this.logged.push({ level, line, message });
    this.lake = new Lake(join(dir.path, 'lake'));
    this.dependencies = { pool: database.pool, lake: this.lake, definition: () => Promise.resolve(this.definition), catalog: this.catalog, compaction: { planCompaction: async () => ({ days: [], fileBytes: 0 }), replaceSegments: async () => ({ skipped: [] }) }, now: () => this.now, gate: new StageGate(2), engine: { memoryLimit: '256MB', threads: 2 }, engines: new WarmEngines({ memoryLimit: '256MB', threads: 1 }), decoder: decoders(registry), checks: new RollingChecks(), log: { info: write('info'), warn: write('warn'), error: write('error') } };
  }

  static async open(registry?: RegistryConnection): Promise<Workbench> {
    const [dir, database] = await Promise.all([tempDir(), testDatabase()]);
    await migrate(database.pool, 'quality', join(__dirname, '..', '..', 'migrations'));
    return new Workbench(dir, database, registry);
  }

  async close(): Promise<void> {
    this.dependencies.engines.close();
    await Promise.all([this.database.drop(), this.dir.dispose()]);
  }

  /** Puts files into the raw zone as ingest does and validates them. */
  async validate(files: readonly SourceFile[], options: { runId?: string; signal?: AbortSignal; interval?: Interval } = {}): Promise<Answer<ValidateResult>> {
    const runId = options.runId ?? randomUUID();
    const raw = await this.stageRaw(runId, files);
    return this.validateRaw(runId, raw, options.signal, options.interval);
  }

  async stageRaw(runId: string, files: readonly SourceFile[]): Promise<SegmentSet> {
    const { name: pipeline, source: { dataset } } = this.definition;
    const segments: Segment[] = [];
    for (const { name, content, partition = 'all' } of files) {
      const bytes = Buffer.from(content);
      const path = rawPath(pipeline, dataset, createHash('sha256').update(bytes).digest('hex'));
      segments.push({ path, rows: 0, ...(await this.lake.putStream(path, [bytes])), partitions: [partition], source: name });
    }
    const partitions = segments.map((segment) => ({ partition: segment.partitions[0] ?? 'all', rows: 0 }));
    return this.lake.writeManifest({ version: 1, pipeline, runId, stage: 'extract', attempt: 'first', datasets: [{ dataset: `raw.${dataset}`, partitions, segments }] });
  }

  async validateRaw(runId: string, raw: SegmentSet, signal: AbortSignal = new AbortController().signal, interval?: Interval): Promise<Answer<ValidateResult>> {
    const request: ValidateRequest = { context: { runId, pipeline: this.definition.name, definitionVersion: 1, interval, attempt: randomUUID(), background: false }, raw };
    return collect((send) => validate(this.dependencies, request, send, signal));
  }

  /** The same for a run that brings the tables of a stream to what it publishes. */
  async restate(runId: string, raw: SegmentSet): Promise<Answer<ValidateResult>> {
    const context = { runId, pipeline: this.definition.name, definitionVersion: 1, interval: undefined, attempt: randomUUID(), background: false, restates: true };
    return collect((send) => validate(this.dependencies, { context, raw }, send, new AbortController().signal));
  }

  async audit(staged: SegmentSet): Promise<Answer<AuditResult>> {
    const context = { runId: randomUUID(), pipeline: 'retail', definitionVersion: 1, interval: undefined, attempt: randomUUID(), background: false };
    return collect((send) => audit(this.dependencies, { context, staged }, send, new AbortController().signal));
  }

  /** Rows of the staged Parquet files of a manifest, in file order; everything as text. */
  async rowsOf(set: SegmentSet | undefined, select: string): Promise<Record<string, unknown>[]> {
    if (!set) return [];
    const manifest = await this.lake.readManifest(set);
    const paths = manifest.datasets.flatMap(({ segments }) => segments.map(({ path }) => this.lake.absolute(path)));
    if (paths.length === 0) return [];
    return withEngine({ inputs: paths, staging: this.dir.path, memoryLimit: '128MB', threads: 1 }, (engine) => engine.rows(`select ${select} from read_parquet([${paths.map((path) => `'${path}'`).join(', ')}])`));
  }

  async quarantined(): Promise<QuarantinedText[]> {
    const { rows } = await this.database.pool.query<QuarantinedText>('select file, line::int, rules, reason, original, original_path from quality.quarantined_row order by file, line');
    return rows;
  }
}

type Event<Result> = { event?: { $case: 'progress'; value: Progress } | { $case: 'result'; value: Result } | undefined };

async function collect<Result>(call: (send: (response: Event<Result>) => Promise<void>) => Promise<void>): Promise<Answer<Result>> {
  const progress: Progress[] = [];
  let result: Result | undefined;
  const send = (response: Event<Result>): Promise<void> => {
    if (response.event?.$case === 'progress') progress.push(response.event.value);
    if (response.event?.$case === 'result') result = response.event.value;
    return Promise.resolve();
  };
  const error = await call(send).then(() => undefined, toWeirError);
  return { result, error, progress };
}

/** The definition of the tests: orders with the retail contract, without a grain of its own. */
export function retail(change: { dataset?: Partial<ContractDataset>; failAbove?: Definition['policy']['failAbove']; models?: readonly Model[]; others?: readonly ContractDataset[] } = {}): Definition {
  const column = (name: string, physicalName: string, type: ContractDataset['columns'][number]['type'], required = true) => ({ name, physicalName, type, required });
  const orders: ContractDataset = {
    name: 'orders',
    columns: [
      column('invoice_no', 'InvoiceNo', 'VARCHAR'),
      column('stock_code', 'StockCode', 'VARCHAR'),
      column('description', 'Description', 'VARCHAR', false),
      column('quantity', 'Quantity', 'BIGINT'),
      column('invoice_date', 'InvoiceDate', 'TIMESTAMP'),
      column('unit_price', 'UnitPrice', 'DECIMAL(12,3)'),
      column('customer_id', 'CustomerID', 'BIGINT', false),
      column('country', 'Country', 'VARCHAR'),
    ],
    rules: [
      { id: 'unit_price_not_negative', severity: 'critical', type: 'accuracy', predicate: 'unit_price >= 0', description: 'the price is not negative' },
      { id: 'quantity_or_cancellation', severity: 'critical', type: 'consistency', predicate: "quantity > 0 or starts_with(invoice_no, 'C')", description: 'the quantity is above 0, or it is a cancellation' },
    ],
    checks: [
      { id: 'orders.customer_id.nullValues', severity: 'warning', type: 'completeness', measure: { kind: 'nullShare', column: 'customer_id' }, threshold: { atMost: 30, unit: 'percent' } },
      { id: 'orders.description.nullValues', severity: 'warning', type: 'completeness', measure: { kind: 'nullShare', column: 'description' }, threshold: { equal: 0, unit: 'rows' } },
    ],
    order: { by: 'arrival' },
    ...change.dataset,
  };
  return {
    name: 'retail',
    description: '',
    source: { type: 'file', dataset: 'orders', path: '/data/*.csv', layout: CSV_LAYOUT, empty: 'error' },
    contract: { id: 'retail', version: '1.0.0', datasets: [orders, ...(change.others ?? [])] },
    models: change.models ?? [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 300_000, executionTimeoutMs: 3_600_000, failAbove: change.failAbove ?? { share: 0.5, minRows: 100 } },
  };
}

export const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

/** A line that the contract admits; `change` replaces fields by position. */
export function line(invoice: string, change: Record<number, string> = {}): string {
  const fields = [invoice, '85123A', 'WHITE HANGING HEART', '6', '2010-12-01 08:26:00', '2.55', '17850.0', 'United Kingdom'];
  return fields.map((field, position) => change[position] ?? field).join(',');
}
