import { FILES } from '@weir/core';
import type pg from 'pg';
import type { CollectCall } from './collect-garbage';
import { rowsOf } from './rows';

/** Names that the source has not had for so long are forgotten. */
const MISSING = '90 days';

/** How exactly FindTakenFiles keeps when a name was seen: a name is written once a day. */
export const SIGHTING = '1 day';

/** Names that one statement forgets. */
const BATCH = 1_000;

/**
 * A name that was seen before this was missing from every listing over all of MISSING. Each publish that took something, or nothing, of the folder has listed it, after the publish before it: so the last listing is later
 * than the last publish but one, and what was missing when that time began was missing from a listing that came after the publish before it. Null until there are as many.
 */
const CUTOFF = `
  with listed as (
    select s.published_at as at, row_number() over (order by s.number desc) as nth
    from (select distinct snapshot from metadata.take where pipeline = $1 and source = '${FILES}') t join metadata.snapshot s on s.pipeline = $1 and s.number = t.snapshot)
  select (
    select at - interval '${SIGHTING}' from listed where at <= (select at from listed where nth = 2) - interval '${MISSING}' order by nth limit 1 offset 1
  ) as cutoff`;

const VANISHED = 'select name from metadata.taken_file where pipeline = $1 and name > $2 group by name having max(seen_at) < $3';

const COUNT = `select count(*) as names from (${VANISHED}) v`;

// One that was seen since is somebody's again.
const FORGET = `
  with vanished as materialized (${VANISHED} order by name limit ${BATCH}),
  forgotten as (delete from metadata.taken_file f using vanished v where f.pipeline = $1 and f.name = v.name and f.seen_at < $3 returning f.name)
  select (select max(name) from vanished) as last, (select count(distinct name) from forgotten) as names`;

/**
 * Forgets files that a pipeline has taken and its source has not had for 90 days; gives how many names. One that comes back is new, and an interval that took one cannot be read from its source again: the take has more files than names are left.
 * A dry run counts and changes nothing. Throws CANCELLED.
 */
export async function forgetFiles(session: pg.PoolClient, { pipeline, dryRun }: { readonly pipeline: string; readonly dryRun: boolean }, { signal, report }: CollectCall): Promise<number> {
  const [row] = await rowsOf<{ cutoff: Date | null }>(session, CUTOFF, [pipeline]);
  if (!row?.cutoff) return 0;
  if (dryRun) return (await rowsOf<{ names: number }>(session, COUNT, [pipeline, '', row.cutoff]))[0]?.names ?? 0;
  let forgotten = 0;
  for (let after: string | null = ''; after !== null; ) {
    signal.throwIfAborted();
    report({ step: 'names of files', done: forgotten, total: 0 });
    const [batch]: { last: string | null; names: number }[] = await rowsOf(session, FORGET, [pipeline, after, row.cutoff]);
    forgotten += batch?.names ?? 0;
    after = batch?.last ?? null;
  }
  return forgotten;
}
