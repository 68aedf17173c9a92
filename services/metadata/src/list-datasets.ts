import type { ListDatasetsRequest, ListDatasetsResponse } from '@weir/rpc';
import { readDatasets } from './datasets';
import type { Dependencies } from './dependencies';
import { readPipeline } from './pipelines';
import { rowsOf } from './rows';

const LIVE = `
  select v.dataset_id, v.snapshot, v.partitions, v.rows, s.published_at
  from (
    select dataset_id, max(from_snapshot) as snapshot, count(*) as partitions, sum(rows)::bigint as rows
    from metadata.partition_version
    where dataset_id = any ($2::bigint[]) and to_snapshot is null
    group by dataset_id
  ) v
  join metadata.snapshot s on s.pipeline = $1 and s.number = v.snapshot`;

interface Row {
  dataset_id: number;
  snapshot: number;
  partitions: number;
  rows: number;
  published_at: Date;
}

/** All datasets of a pipeline with their newest state; one that was never published has snapshot 0 and no time. Throws PIPELINE_NOT_FOUND. */
export async function listDatasets({ pool }: Pick<Dependencies, 'pool'>, { pipeline }: ListDatasetsRequest): Promise<ListDatasetsResponse> {
  await readPipeline(pool, pipeline);
  const datasets = await readDatasets(pool, pipeline);
  const live = new Map((await rowsOf<Row>(pool, LIVE, [pipeline, datasets.map(({ id }) => id)])).map((row) => [row.dataset_id, row]));
  return {
    datasets: datasets.map(({ id, name }) => {
      const row = live.get(id);
      return { dataset: name, snapshot: row?.snapshot ?? 0, partitions: row?.partitions ?? 0, rows: row?.rows ?? 0, publishedAt: row?.published_at.toISOString() ?? '' };
    }),
  };
}
