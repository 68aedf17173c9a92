import { WeirError } from '@weir/core';
import type { GetBackfillRequest, GetBackfillResponse } from '@weir/rpc';
import { backfillOf, type BackfillRow } from './backfill-row';
import type { Dependencies } from './dependencies';
import { rowsOf } from './rows';

const GET = `
  select * from metadata.backfill where workflow_id in ($1, 'backfill/' || $1)
  order by workflow_id = $1 desc limit 1`;

/** A backfill by its workflow id, such as `backfill/retail/year`, or by pipeline and name, `retail/year`. Throws BACKFILL_NOT_FOUND. */
export async function getBackfill({ pool }: Pick<Dependencies, 'pool'>, { workflowId }: GetBackfillRequest): Promise<GetBackfillResponse> {
  const [row] = workflowId.includes('\0') ? [] : await rowsOf<BackfillRow>(pool, GET, [workflowId]);
  if (!row) throw new WeirError({ code: 'BACKFILL_NOT_FOUND', message: `There is no backfill \`${workflowId}\`.` });
  return { backfill: backfillOf(row) };
}
