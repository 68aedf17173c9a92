import type { Definition } from '@weir/core';
import { rowsOf, type Queryable } from './rows';
import type { RunRow } from './run-row';

const NEWEST = `
  select s.number, r.began_at_snapshot as covers, r.definition_version as version
  from metadata.snapshot s join metadata.run r on r.run_id = s.run_id
  where s.pipeline = $1 and s.number <= $2 and (r.kind = 'RUN_KIND_REFRESH' and r.interval_start is null) = $3
  order by s.number desc limit 1`;

interface Newest {
  number: number;
  covers: number;
  version: number;
}

/**
 * Whether a pipeline has history models that had not followed its newest published run when `run` began: no refresh read that snapshot, or none under this
 * definition. A function of what was published until then, so it stays the same when it is asked again.
 */
export async function isHistoryBehind(db: Queryable, run: RunRow, { models }: Definition): Promise<boolean> {
  if (!models.some((model) => model.scope === 'history')) return false;
  const newest = async (refresh: boolean) => (await rowsOf<Newest>(db, NEWEST, [run.pipeline, run.began_at_snapshot, refresh]))[0];
  const [published, refreshed] = [await newest(false), await newest(true)];
  if (!published) return false;
  return !refreshed || refreshed.covers < published.number || refreshed.version !== run.definition_version;
}
