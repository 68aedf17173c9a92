import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileDefinition, WeirError, type AppliedPipelines, type Column, type Definition, type ModelScope } from '@weir/core';
import { inspector, segmentRelation, WarmEngines, withEngine, writeParquet } from '@weir/engine';
import { Lake, segmentPath, type ManifestDataset } from '@weir/lake';
import { Scope, type LiveSegment, type SegmentSet, type TransformRequest } from '@weir/rpc';
import type { Dependencies } from '../dependencies';
import type { Metadata } from '../metadata';

/** One order as bronze has it. */
export interface Order {
  readonly partition: string;
  readonly product: string;
  readonly amount: string;
}

const CONTRACT = `
apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - { name: product, logicalType: string }
      - { name: amount, logicalType: number, physicalType: "decimal(12,3)" }
`;

export interface ModelText {
  readonly name: string;
  readonly scope: ModelScope;
  readonly sql: string;
  readonly key?: string;
}

/** A lake with the bronze of pipelines, `shop` unless another is named, and a catalog that says what a test publishes of it. */
export class Workshop {
  readonly published = new Map<string, LiveSegment[]>();
  readonly warm = new WarmEngines({ memoryLimit: '256MB', threads: 1 });
  private constructor(
    readonly root: string,
    readonly lake: Lake,
  ) {}

  static async open(): Promise<Workshop> {
    const root = await mkdtemp(join(tmpdir(), 'weir-transform-'));
    return new Workshop(root, new Lake(join(root, 'lake')));
  }

  close(): Promise<void> {
    this.warm.close();
    return rm(this.root, { recursive: true, force: true });
  }

  dependencies(definition: Definition): Dependencies {
    const metadata: Metadata = {
      definition: () => Promise.resolve(definition),
      newest: (pipeline) => Promise.reject(new WeirError({ code: 'PIPELINE_NOT_FOUND', message: `No pipeline ${pipeline}.` })),
      newestVersion: () => Promise.resolve({ version: 1, definition }),
      applied: () => NO_OTHERS,
      published: () => Promise.resolve(new Map([...this.published.keys()].map((dataset) => [dataset, 1]))),
      snapshot: (_pipeline, _snapshot, datasets) => Promise.resolve(new Map(datasets.map((dataset) => [dataset, this.published.get(dataset) ?? []]))),
    };
    const compaction = { planCompaction: async () => ({ days: [], fileBytes: 0 }), replaceSegments: async () => ({ skipped: [] }) };
    return { lake: this.lake, metadata, compaction, engine: { memoryLimit: '256MB', threads: 2 }, warm: this.warm };
  }

  /** Stages orders as the bronze of a run, as quality does. */
  async stageBronze(runId: string, orders: readonly Order[], pipeline = 'shop'): Promise<SegmentSet> {
    const scratch = await this.lake.scratch(runId, 'validate');
    const values = orders.map(({ partition, product, amount }, index) => `('${product}', ${amount}, '${partition}', md5('${index}'), 'orders.csv:${index + 2}')`);
    const names = '(product, amount, _weir_partition, _weir_row_id, _weir_position)';
    const files = await withEngine({ inputs: [], staging: scratch.dir, memoryLimit: '256MB', threads: 2 }, (engine) =>
      orders.length === 0 ? Promise.resolve([]) : writeParquet(engine, { select: `select product, amount::decimal(12,3) as amount, _weir_partition, _weir_row_id, _weir_position from (values ${values.join(', ')}) v${names}`, dir: join(scratch.dir, 'bronze'), name: 'bronze.orders' }),
    );
    const segments = [];
    for (const [n, file] of files.entries()) {
      const path = segmentPath(pipeline, 'bronze.orders', runId, 'validate', n);
      segments.push({ path, rows: file.rows, ...(await this.lake.adopt(file.path, path)), partitions: file.partitions.map(({ partition }) => partition) });
    }
    await scratch.dispose();
    return this.lake.writeManifest({ version: 1, pipeline, runId, stage: 'validate', attempt: 'validate', datasets: [{ dataset: 'bronze.orders', partitions: [], segments }] });
  }

  /** Makes staged datasets live, whole. */
  async publish(staged: SegmentSet | undefined): Promise<void> {
    for (const { dataset, segments } of (await this.manifest(staged)).values()) {
      const live = segments.map(({ path, sha256, bytes, partitions }) => ({ path, sha256, bytes, partitions: [...partitions], whole: true }));
      this.published.set(dataset, [...(this.published.get(dataset) ?? []), ...live]);
    }
  }

  async manifest(staged: SegmentSet | undefined): Promise<Map<string, ManifestDataset>> {
    if (!staged) throw new Error('nothing staged');
    return new Map((await this.lake.readManifest(staged)).datasets.map((each) => [each.dataset, each]));
  }

  /** The rows of a staged dataset, all columns of the files. */
  async rows<T extends object>(staged: SegmentSet | undefined, dataset: string, columns: readonly Column[], order: string): Promise<T[]> {
    const segments = (await this.manifest(staged)).get(dataset)?.segments ?? [];
    const files = segments.map((segment) => ({ absolutePath: this.lake.absolute(segment.path), partitions: segment.partitions, whole: true }));
    return withEngine({ inputs: files.map((file) => file.absolutePath), staging: this.root, memoryLimit: '256MB', threads: 1 }, (engine) =>
      engine.rows<T>(`select * from ${segmentRelation(files, columns)} order by ${order}`),
    );
  }
}

const NO_OTHERS: AppliedPipelines = { newest: () => Promise.resolve(undefined), names: () => Promise.resolve([]) };

/** A definition of these models over bronze.orders, compiled as apply does it; null for no grain. */
export async function defineShop(texts: readonly ModelText[], grain: string | null = '1d', name = 'shop', applied = NO_OTHERS): Promise<Definition> {
  const scopes = texts.map(({ name, scope, key }) => `  ${name.split('.')[1]}: { over: ${scope}${key === undefined ? '' : `, key: [${key}]`} }`);
  const path = grain === null ? 'data/*.csv' : grain === '1h' ? 'data/{hour}.csv' : 'data/{date}.csv';
  const pipeline = [`name: ${name}`, ...(grain === null ? [] : [`grain: ${grain}`]), `source: { dataset: orders, type: file, path: "${path}" }`, 'models:', ...scopes, 'destinations:', '  - { connection: warehouse, schema: shop }'];
  const models = texts.map(({ name, sql }) => ({ path: `models/${name.replace('.', '/')}.sql`, text: sql }));
  const files = [{ path: 'pipeline.yaml', text: pipeline.join('\n') }, { path: 'contract.odcs.yaml', text: CONTRACT }, ...models];
  const compiled = await compileDefinition(files, '/nowhere', inspector, applied);
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems, undefined, 1));
  return compiled.definition;
}

export function intervalRequest(runId: string, bronze: SegmentSet, interval: { start: string; end: string } | undefined, attempt = 'a1'): TransformRequest {
  return { context: { runId, pipeline: 'shop', definitionVersion: 1, interval, attempt, background: false }, scope: Scope.INTERVAL, bronze, snapshot: 0, upstream: [] };
}

export function historyRequest(runId: string, snapshot = 1): TransformRequest {
  return { context: { runId, pipeline: 'shop', definitionVersion: 1, interval: undefined, attempt: 'a1', background: false }, scope: Scope.HISTORY, bronze: undefined, snapshot, upstream: [] };
}
