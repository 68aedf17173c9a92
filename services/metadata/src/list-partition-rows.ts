import { WHOLE } from '@weir/core';
import type { ListPartitionRowsRequest, ListPartitionRowsResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { checkedLimit } from './list-limit';
import { readPipeline } from './pipelines';
import { rowsOf } from './rows';

const BEFORE = `
  select v.partition, v.from_snapshot as snapshot, v.rows
  from metadata.partition_version v join metadata.dataset d on d.id = v.dataset_id
  where d.pipeline = $1 and d.name = $2 and v.to_snapshot is null and v.partition < $3 and v.partition <> '${WHOLE}'
  order by v.partition desc limit $4`;

/** Versions that garbage collection took are no longer among them. */
const VERSIONS = `
  select v.partition, v.from_snapshot as snapshot, v.rows
  from metadata.partition_version v join metadata.dataset d on d.id = v.dataset_id
  where d.pipeline = $1 and d.name = $2 and v.partition = '${WHOLE}'
  order by v.from_snapshot desc limit $3`;

/** Rows of the last live partitions of a dataset before a time, or of the last versions of its one partition; newest first, none for a dataset that was never published. Throws PIPELINE_NOT_FOUND and INVALID_VALUE. */
export async function listPartitionRows({ pool }: Pick<Dependencies, 'pool'>, { pipeline, dataset, before, limit }: ListPartitionRowsRequest): Promise<ListPartitionRowsResponse> {
  await readPipeline(pool, pipeline);
  const most = checkedLimit(limit);
  return { partitions: before === '' ? await rowsOf(pool, VERSIONS, [pipeline, dataset, most]) : await rowsOf(pool, BEFORE, [pipeline, dataset, before, most]) };
}
