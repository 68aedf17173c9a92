import { RunStatus, type ListRunsRequest, type ListRunsResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { checkedLimit } from './list-limit';
import { rowsOf } from './rows';
import { runOf, type RunRow } from './run-row';

const LIST = `
  select * from metadata.run
  where ($1 = '' or pipeline = $1) and ($2 = '${RunStatus.UNSPECIFIED}' or status = $2) and ($3 = '' or backfill = $3)
  order by fence desc limit $4`;

/** Runs, newest first, of one pipeline or all, of one status or every, of one backfill or any. Throws INVALID_VALUE for a limit outside of 0 to 1000. */
export async function listRuns({ pool }: Pick<Dependencies, 'pool'>, { pipeline, limit, status, backfill }: ListRunsRequest): Promise<ListRunsResponse> {
  const rows = await rowsOf<RunRow>(pool, LIST, [pipeline, status, backfill, checkedLimit(limit)]);
  return { runs: rows.map(runOf) };
}
