import { WeirError } from '@weir/core';
import type { GetRunRequest, GetRunResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { rowsOf, type Queryable } from './rows';
import { findRun, runNotFound, runOf, type RunRow } from './run-row';
import { readStages } from './stage-row';

/** Shorter prefixes of random ids are guesses. */
const MIN_PREFIX = 6;

/** A run with its stages: by run id, by workflow id (its newest run), or by a prefix of a run id of at least 6 characters. Throws RUN_NOT_FOUND, and INVALID_VALUE for a prefix of several runs. */
export async function getRun({ pool }: Pick<Dependencies, 'pool'>, { run: name }: GetRunRequest): Promise<GetRunResponse> {
  if (name.includes('\0')) return runNotFound(name);
  const run = (await findRun(pool, name)) ?? (await newestOf(pool, name)) ?? (await byPrefix(pool, name)) ?? runNotFound(name);
  return { run: runOf(run), stages: await readStages(pool, run.run_id) };
}

async function newestOf(db: Queryable, workflowId: string): Promise<RunRow | undefined> {
  const [row] = await rowsOf<RunRow>(db, 'select * from metadata.run where workflow_id = $1 order by fence desc limit 1', [workflowId]);
  return row;
}

async function byPrefix(db: Queryable, prefix: string): Promise<RunRow | undefined> {
  if (prefix.length < MIN_PREFIX) return undefined;
  const [row, ...others] = await rowsOf<RunRow>(db, 'select * from metadata.run where run_id ^@ $1 order by run_id limit 6', [prefix]);
  if (!row || others.length === 0) return row;
  throw new WeirError({ code: 'INVALID_VALUE', message: `Several runs begin with \`${prefix}\`.`, fix: 'Give more characters of the run id.', samples: [row, ...others].map((run) => run.run_id) });
}
