import { datasetShape, DELETED, quoteIdent, rowHashSql, sourceDataset, WHOLE, winnerOrderSql, type Column, type DatasetShape, type Definition, type ModelScope } from '@weir/core';
import type { ModelInput } from './bind-tables';
import { bronzeRelation } from './bronze-relation';
import type { Engine } from './engine';
import { DELETED_COLUMN, PARTITION_COLUMN, ROW_COLUMNS, segmentRelation, type RelationSegment } from './relation';

/** What models of a pipeline run over. */
export interface ModelWork {
  readonly definition: Definition;
  /** Every model gives rows for these, if only none. */
  readonly partitions: readonly string[];
  /** What models read of other pipelines, by the name that they use. */
  readonly upstream: ReadonlyMap<string, UpstreamRows>;
}

/** The rows of another pipeline's dataset; `columns` are all that it has now. */
export interface UpstreamRows extends DatasetShape {
  readonly reference: string;
  readonly segments: readonly RelationSegment[];
  /** What models see: the columns that they were compiled with, of those types, as far as they are still there. */
  readonly visible: readonly Column[];
  /** Columns that models were compiled with and that are there no longer. */
  readonly gone: readonly string[];
  /** Whether all partitions are read, and a key that came in several of them is one row. */
  readonly whole: boolean;
}

/** The datasets that models read as views of one engine, and how many rows each has. */
export class DatasetViews {
  /** Every row, which is what row models work on, and the living ones, which others see; by the name that models use. */
  private readonly all = new Map<string, ModelInput>();
  private readonly living = new Map<string, ModelInput>();
  private readonly counted = new Map<string, number>();
  private created = 0;

  constructor(
    private readonly engine: Engine,
    private readonly work: ModelWork,
  ) {}

  /** What models of a scope are bound to, by the name that they use. */
  inputs(scope: ModelScope): ReadonlyMap<string, ModelInput> {
    return scope === 'row' ? this.all : this.living;
  }

  /**
   * Makes a dataset's live rows readable. Over the history a key that came in several partitions is one row, the same that a
   * destination holds; within a run each partition stands for itself.
   */
  async add(dataset: string, segments: readonly RelationSegment[]): Promise<void> {
    const { definition, partitions } = this.work;
    const shape = datasetShape(definition, dataset);
    const overHistory = partitions.length === 1 && partitions[0] === WHOLE && definition.grain !== undefined;
    const source = dataset === `bronze.${definition.source.dataset}` ? sourceDataset(definition) : undefined;
    const stored = source ? await bronzeRelation(this.engine, source, segments, storedColumns(shape)) : storedRows(shape, segments);
    const relation = await this.create(dataset, `select * from ${stored}`);
    this.all.set(dataset, { relation, columns: shape.columns });
    this.living.set(dataset, { relation: await this.create(dataset, livingRows(shape, relation, overHistory)), columns: shape.columns });
  }

  /** The same for a dataset of another pipeline: what of it the run sees, under the columns and types that its models were compiled with. */
  async addUpstream(upstream: UpstreamRows): Promise<void> {
    const { reference, segments, visible, whole } = upstream;
    const rows = livingRows(upstream, storedRows(upstream, segments), whole);
    const typed = [...visible, PARTITION_COLUMN].map(({ name, type }) => `${quoteIdent(name)}::${type} as ${quoteIdent(name)}`);
    const relation = await this.create(reference, `select ${typed.join(', ')} from (${rows})`);
    this.living.set(reference, { relation, columns: visible, whole });
  }

  /** Living rows of all these datasets together. */
  async rows(datasets: readonly string[]): Promise<number> {
    let total = 0;
    for (const dataset of datasets) total += await this.count(dataset);
    return total;
  }

  private async create(dataset: string, select: string): Promise<string> {
    const relation = `main.input_${this.created++}`;
    await this.engine.run(`create view ${relation} as ${select}`, `bind ${dataset}`);
    return relation;
  }

  private async count(dataset: string): Promise<number> {
    const known = this.counted.get(dataset);
    const input = this.living.get(dataset);
    if (known !== undefined || input === undefined) return known ?? 0;
    const [row] = await this.engine.rows<{ rows: number }>(`select count(*) as rows from ${input.relation}`, `count ${dataset}`);
    this.counted.set(dataset, row?.rows ?? 0);
    return row?.rows ?? 0;
  }
}

/** All live rows of a dataset, with what Weir adds to them. */
function storedRows(shape: Pick<DatasetShape, 'columns' | 'winner'>, segments: readonly RelationSegment[]): string {
  return segmentRelation(segments, storedColumns(shape));
}

function storedColumns({ columns, winner }: Pick<DatasetShape, 'columns' | 'winner'>): Column[] {
  return [...columns, PARTITION_COLUMN, ...(winner.identified ? [...ROW_COLUMNS, DELETED_COLUMN] : [])];
}

/** The rows that do not delete their key; `merged`: of each key the one that a destination holds, if it holds one. */
function livingRows({ columns, key, winner }: DatasetShape, relation: string, merged: boolean): string {
  const living = winner.identified ? ` where not ${DELETED}` : '';
  if (!merged || key.length === 0) return `select * from ${relation}${living}`;
  const order = winnerOrderSql(winner, rowHashSql(columns.map(({ name }) => name)));
  return `select * from (select * from ${relation} qualify row_number() over (partition by ${key.map(quoteIdent).join(', ')} order by ${order}) = 1)${living}`;
}
