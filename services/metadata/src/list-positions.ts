import type { ListPositionsRequest, ListPositionsResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { readPipeline } from './pipelines';
import { rowsOf } from './rows';

/** How far each source object of a pipeline was published, ordered by name. Throws PIPELINE_NOT_FOUND. */
export async function listPositions({ pool }: Pick<Dependencies, 'pool'>, { pipeline }: ListPositionsRequest): Promise<ListPositionsResponse> {
  await readPipeline(pool, pipeline);
  return { positions: await rowsOf(pool, 'select source, value from metadata.position where pipeline = $1 order by source', [pipeline]) };
}
