import { join } from 'node:path';
import { compileDefinition, quoteLiteral, type Definition } from '@weir/core';
import { DELETED_COLUMN, inspector, PARTITION_COLUMN, ROW_COLUMNS, WarmEngines, withEngine, writeParquet } from '@weir/engine';
import { segmentPath } from '@weir/lake';
import { InlineEncoding, type InlineBatch, type SegmentSet, type TransformBatchRequest } from '@weir/rpc';
import { batchTransformer } from '../transform-batch';
import type { Workshop } from './workshop';

/** A record's row as ValidateBatch admits it; what JSON's numbers would not keep exact is text. */
export type BronzeRow = Readonly<Record<string, string | number | boolean | null>>;

/** One model of a test's stream. */
export interface StreamModel {
  /** Qualified. */
  readonly name: string;
  readonly sql: string;
  readonly key?: readonly string[];
  /** As narrow as its SQL allows unless it says more. */
  readonly over?: 'history';
}

export interface StreamText {
  /** Lines of ODCS below `properties:`. */
  readonly properties: readonly string[];
  /** The contract's sequence, or `arrival`; undefined for rows without a key. */
  readonly order?: string;
  readonly models: readonly StreamModel[];
}

/** A realtime pipeline `clicks` over the topic `clicks`, compiled as apply does it. */
export async function defineStream({ properties, order, models }: StreamText): Promise<Definition> {
  const settings = models.flatMap(({ name, key, over }) => {
    const set = [...(key ? [`key: [${key.join(', ')}]`] : []), ...(over ? [`over: ${over}`] : [])];
    return set.length === 0 ? [] : [`  ${name.split('.')[1]}: { ${set.join(', ')} }`];
  });
  const pipeline = ['name: clicks', 'mode: realtime', 'grain: 1h', 'source: { dataset: events, type: kafka, topic: clicks }', ...(settings.length > 0 ? ['models:', ...settings] : []), 'destinations:', '  - { connection: warehouse, schema: clicks }'];
  const ordered = order === undefined ? [] : [`    customProperties: [{ property: ${order === 'arrival' ? 'weirOrder' : 'weirSequence'}, value: ${order} }]`];
  const contract = ['apiVersion: v3.1.0', 'kind: DataContract', 'id: clicks', 'version: 1.0.0', 'status: active', 'schema:', '  - name: events', ...ordered, '    properties:', ...properties.map((property) => `      - ${property}`)];
  const files = [
    { path: 'pipeline.yaml', text: pipeline.join('\n') },
    { path: 'contract.odcs.yaml', text: contract.join('\n') },
    ...models.map(({ name, sql }) => ({ path: `models/${name.replace('.', '/')}.sql`, text: sql })),
  ];
  const compiled = await compileDefinition(files, '/nowhere', inspector, { newest: () => Promise.resolve(undefined), names: () => Promise.resolve([]) });
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems, undefined, 1));
  return compiled.definition;
}

/** Rows as an inline batch of bronze. */
export function bronzeBatch(rows: readonly BronzeRow[]): InlineBatch {
  const own = [PARTITION_COLUMN, ...ROW_COLUMNS, DELETED_COLUMN].map(({ name }) => name);
  const columns = [...Object.keys(rows[0] ?? {}).filter((name) => !own.includes(name)), ...own];
  const line = (row: BronzeRow): string => JSON.stringify(columns.map((name) => (row[name] === null || row[name] === undefined ? null : String(row[name]))));
  return { dataset: 'bronze.events', columns, encoding: InlineEncoding.NDJSON, rows: rows.length, data: Buffer.from(rows.map(line).join('\n')) };
}

/** Rows as the bronze that a run of the pipeline staged, in the order of their partitions. */
export async function stageEvents({ lake }: Pick<Workshop, 'lake'>, definition: Definition, runId: string, rows: readonly BronzeRow[]): Promise<SegmentSet> {
  const scratch = await lake.scratch(runId, 'validate');
  const columns = [...(definition.contract.datasets[0]?.columns ?? []), PARTITION_COLUMN, ...ROW_COLUMNS, DELETED_COLUMN];
  const values = rows.map((row) => `(${columns.map(({ name, type }) => `${literal(row[name])}::${type}`).join(', ')})`);
  const select = `select * from (values ${values.join(', ')}) v(${columns.map(({ name }) => name).join(', ')})`;
  const files = rows.length === 0 ? [] : await withEngine({ inputs: [], staging: scratch.dir, memoryLimit: '256MB', threads: 1 }, (engine) => writeParquet(engine, { select, dir: join(scratch.dir, 'bronze'), name: 'bronze.events' }));
  const segments = [];
  for (const [n, file] of files.entries()) {
    const path = segmentPath('clicks', 'bronze.events', runId, 'validate', n);
    segments.push({ path, rows: file.rows, ...(await lake.adopt(file.path, path)), partitions: file.partitions.map(({ partition }) => partition) });
  }
  await scratch.dispose();
  return lake.writeManifest({ version: 1, pipeline: 'clicks', runId, stage: 'validate', attempt: 'validate', datasets: [{ dataset: 'bronze.events', partitions: [], segments }] });
}

function literal(value: string | number | boolean | null | undefined): string {
  return typeof value === 'string' ? quoteLiteral(value) : String(value ?? null);
}

export function batchRequest(bronze: InlineBatch | undefined): TransformBatchRequest {
  return { context: { pipeline: 'clicks', definitionVersion: 1, commitId: '00000000-0000-4000-8000-000000000001', workflowId: 'stream/clicks', runId: 'r1' }, bronze };
}

/** TransformBatch over one definition. */
export class BatchRunner {
  private readonly warm = new WarmEngines({ memoryLimit: '256MB', threads: 1 });
  private readonly run: ReturnType<typeof batchTransformer>;

  constructor(definition: Definition) {
    this.run = batchTransformer({ metadata: { definition: () => Promise.resolve(definition) }, warm: this.warm });
  }

  async tables(bronze: InlineBatch, signal = new AbortController().signal): Promise<InlineBatch[]> {
    return (await this.run(batchRequest(bronze), signal)).tables;
  }

  close(): void {
    this.warm.close();
  }
}

