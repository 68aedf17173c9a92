import { WeirError } from '@weir/core';
import { RunStatus, type ListRunsRequest, type ListRunsResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { rowsOf } from './rows';
import { runOf, type RunRow } from './run-row';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;

const LIST = `
  select * from metadata.run
  where ($1 = '' or pipeline = $1) and ($2 = '${RunStatus.UNSPECIFIED}' or status = $2)
  order by fence desc limit $3`;

/** Runs, newest first, of one pipeline or all, of one status or every. Throws INVALID_VALUE for a limit outside of 0 to 1000. */
export async function listRuns({ pool }: Pick<Dependencies, 'pool'>, { pipeline, limit, status }: ListRunsRequest): Promise<ListRunsResponse> {
  if (limit < 0 || limit > MAX_LIMIT) throw new WeirError({ code: 'INVALID_VALUE', message: `The limit is ${limit}.`, fix: `Use 1 to ${MAX_LIMIT}, or 0 for ${DEFAULT_LIMIT}.` });
  const rows = await rowsOf<RunRow>(pool, LIST, [pipeline, status, limit || DEFAULT_LIMIT]);
  return { runs: rows.map(runOf) };
}
