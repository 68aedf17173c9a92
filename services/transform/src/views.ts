import { WHOLE, quoteIdent, rowHashSql, winnerOrderSql, type Column } from '@weir/core';
import { PARTITION_COLUMN, ROW_COLUMNS, segmentRelation, type Engine, type ModelInput, type RelationSegment } from '@weir/engine';
import { datasetShape, type DatasetShape, type Work } from './inputs';
import type { UpstreamDataset } from './upstream-inputs';

/** The datasets of one call as views of its engine, and how many rows each has. */
export class Views {
  /** What models are bound to, by the name that they use. */
  readonly inputs = new Map<string, ModelInput>();
  private readonly counted = new Map<string, number>();

  constructor(
    private readonly engine: Engine,
    private readonly work: Work,
  ) {}

  /**
   * Makes a dataset's live rows readable. Over the history a key that came in several partitions is one row, the same that a
   * destination holds; within a run each partition stands for itself.
   */
  async add(dataset: string, segments: readonly RelationSegment[]): Promise<void> {
    const { definition, partitions } = this.work;
    const shape = datasetShape(definition, dataset);
    const relation = segmentRelation(segments, [...shape.columns, PARTITION_COLUMN, ...(shape.identified ? ROW_COLUMNS : [])]);
    const overHistory = partitions.length === 1 && partitions[0] === WHOLE && definition.grain !== undefined;
    await this.create(dataset, rowsOf(shape, relation, overHistory), { columns: shape.columns });
  }

  /** The same for a dataset of another pipeline: what of it the run sees, under the columns and types that its models were compiled with. */
  async addUpstream(upstream: UpstreamDataset): Promise<void> {
    const { reference, segments, columns, visible, whole } = upstream;
    const rows = rowsOf(upstream, segmentRelation(segments, [...columns, PARTITION_COLUMN]), whole);
    const typed = [...visible, PARTITION_COLUMN].map(({ name, type }) => `${quoteIdent(name)}::${type} as ${quoteIdent(name)}`);
    await this.create(reference, `select ${typed.join(', ')} from (${rows})`, { columns: visible, whole });
  }

  /** Rows of all these datasets together. */
  async rows(datasets: readonly string[]): Promise<number> {
    let total = 0;
    for (const dataset of datasets) total += await this.count(dataset);
    return total;
  }

  private async create(dataset: string, select: string, input: { readonly columns: readonly Column[]; readonly whole?: boolean }): Promise<void> {
    const relation = `main.input_${this.inputs.size}`;
    await this.engine.run(`create or replace view ${relation} as ${select}`, `bind ${dataset}`);
    this.inputs.set(dataset, { relation, ...input });
  }

  private async count(dataset: string): Promise<number> {
    const known = this.counted.get(dataset);
    const input = this.inputs.get(dataset);
    if (known !== undefined || input === undefined) return known ?? 0;
    const [row] = await this.engine.rows<{ rows: number }>(`select count(*) as rows from ${input.relation}`, `count ${dataset}`);
    this.counted.set(dataset, row?.rows ?? 0);
    return row?.rows ?? 0;
  }
}

/** The rows of a relation; `merged`: of each key the one that a destination holds. */
function rowsOf({ columns, key, sequence }: Pick<DatasetShape, 'columns' | 'key' | 'sequence'>, relation: string, merged: boolean): string {
  if (!merged || key.length === 0) return `select * from ${relation}`;
  const order = winnerOrderSql(sequence, rowHashSql(columns.map(({ name }) => name)));
  return `select * from ${relation} qualify row_number() over (partition by ${key.map(quoteIdent).join(', ')} order by ${order}) = 1`;
}
