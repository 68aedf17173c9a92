import { DELETED, WHOLE, quoteIdent, rowHashSql, winnerOrderSql, type ModelScope } from '@weir/core';
import { DELETED_COLUMN, PARTITION_COLUMN, ROW_COLUMNS, segmentRelation, type Engine, type ModelInput, type RelationSegment } from '@weir/engine';
import { datasetShape, type DatasetShape, type Work } from './inputs';
import type { UpstreamDataset } from './upstream-inputs';

/** The datasets of one call as views of its engine, and how many rows each has. */
export class Views {
  /** Every row, which is what row models work on, and the living ones, which others see; by the name that models use. */
  private readonly all = new Map<string, ModelInput>();
  private readonly living = new Map<string, ModelInput>();
  private readonly counted = new Map<string, number>();
  private created = 0;

  constructor(
    private readonly engine: Engine,
    private readonly work: Work,
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
    const relation = await this.create(dataset, `select * from ${storedRows(shape, segments)}`);
    this.all.set(dataset, { relation, columns: shape.columns });
    this.living.set(dataset, { relation: await this.create(dataset, livingRows(shape, relation, overHistory)), columns: shape.columns });
  }

  /** The same for a dataset of another pipeline: what of it the run sees, under the columns and types that its models were compiled with. */
  async addUpstream(upstream: UpstreamDataset): Promise<void> {
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
function storedRows({ columns, winner }: Pick<DatasetShape, 'columns' | 'winner'>, segments: readonly RelationSegment[]): string {
  return segmentRelation(segments, [...columns, PARTITION_COLUMN, ...(winner.identified ? [...ROW_COLUMNS, DELETED_COLUMN] : [])]);
}

/** The rows that do not delete their key; `merged`: of each key the one that a destination holds, if it holds one. */
function livingRows({ columns, key, winner }: DatasetShape, relation: string, merged: boolean): string {
  const living = winner.identified ? ` where not ${DELETED}` : '';
  if (!merged || key.length === 0) return `select * from ${relation}${living}`;
  const order = winnerOrderSql(winner, rowHashSql(columns.map(({ name }) => name)));
  return `select * from (select * from ${relation} qualify row_number() over (partition by ${key.map(quoteIdent).join(', ')} order by ${order}) = 1)${living}`;
}
