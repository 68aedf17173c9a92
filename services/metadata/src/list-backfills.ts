import type { ListBackfillsRequest, ListBackfillsResponse } from '@weir/rpc';
import { backfillOf, type BackfillRow } from './backfill-row';
import type { Dependencies } from './dependencies';
import { checkedLimit } from './list-limit';
import { rowsOf } from './rows';

const LIST = `select * from metadata.backfill where ($1 = '' or pipeline = $1) order by started_at desc, workflow_id limit $2`;

/** Backfills, newest start first, of one pipeline or all. Throws INVALID_VALUE for a limit outside of 0 to 1000. */
export async function listBackfills({ pool }: Pick<Dependencies, 'pool'>, { pipeline, limit }: ListBackfillsRequest): Promise<ListBackfillsResponse> {
  return { backfills: (await rowsOf<BackfillRow>(pool, LIST, [pipeline, checkedLimit(limit)])).map(backfillOf) };
}
