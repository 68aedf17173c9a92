import { FILES, formatInterval, grainFrom, notTaken, WeirError, type Definition, type Take } from '@weir/core';
import type { Segment, Taking } from '@weir/lake';
import { RunStart } from '@weir/rpc';
import { rowsOf, type Queryable } from './rows';
import type { RunRow } from './run-row';
import type { Staged } from './staged';
import { insertTakes, lastTake, takesIn } from './takes';

/**
 * The compare of the compare-and-set: throws POSITION_MOVED when an interval has taken something since a run planned what it takes. Whoever calls has locked the pipeline.
 * The same files or ids would be there twice.
 */
export async function assertLast(db: Queryable, pipeline: string, taking: Taking | undefined): Promise<void> {
  if (!taking) return;
  const last = await lastTake(db, pipeline);
  if ((last?.partition ?? '') === taking.last) return;
  throw new WeirError({
    code: 'POSITION_MOVED',
    message: `The interval from ${last?.partition ?? 'none'} of ${pipeline} was the last that took something, and the run goes on after ${taking.last || 'none'}: another run has taken something since; nothing was published.`,
    place: pipeline,
    fix: 'Run the interval again from its source.',
  });
}

/** What is pinned, for which definition, with which snapshot. */
interface Pinning {
  readonly definition: Definition;
  readonly staged: Staged;
  readonly snapshot: number;
}

/** Pins what a run takes to its intervals, for ever. Throws INVALID_VALUE, which is a defect of the extract, when a run from the source publishes an interval that nothing is pinned to. */
export async function pinTakes(db: Queryable, run: RunRow, { definition, staged: { taking, datasets, scope }, snapshot }: Pinning): Promise<void> {
  const { name, grain, source } = definition;
  if (!scope.interval || grain === undefined) return;
  const takes = taking?.takes ?? [];
  const known = await takesIn(db, name, scope.interval);
  const strange = takes.find(({ partition }) => !scope.partitions.includes(partition));
  const [missing] = run.start_at === RunStart.SOURCE ? notTaken(scope.partitions, grain, [...known, ...takes]) : [];
  if (strange) throw refused(`takes something for the interval from ${strange.partition}, which it does not have`);
  if (missing !== undefined) throw refused(`publishes ${formatInterval(grainFrom(missing, grain))} of a source that is read in sequence, and does not say what that interval takes`);
  if (!taking) return;
  await insertTakes(db, name, takes, snapshot);
  const raw = datasets.find(({ dataset }) => dataset === `raw.${source.dataset}`)?.segments ?? [];
  await insertFiles(db, name, taking, raw);
  await renewStamps(db, name, taking);
}

const INSERT_FILES = `
  insert into metadata.taken_file (pipeline, partition, name, ordinal, bytes, sha256, stamp)
  select $1, f.* from unnest($2::text[], $3::text[], $4::integer[], $5::bigint[], $6::text[], $7::text[]) as f`;

async function insertFiles(db: Queryable, pipeline: string, { takes, stamps }: Taking, segments: readonly Segment[]): Promise<void> {
  const known = new Map(stamps);
  const files = takes.filter(({ source }) => source === FILES).flatMap(({ partition }: Take) =>
    segments.filter(({ partitions }) => partitions.includes(partition)).map((segment, ordinal) => ({ partition, ordinal, segment, name: segment.source ?? '' })),
  );
  await rowsOf(db, INSERT_FILES, [
    pipeline, files.map(({ partition }) => partition), files.map(({ name }) => name), files.map(({ ordinal }) => ordinal),
    files.map(({ segment }) => segment.bytes), files.map(({ segment }) => segment.sha256), files.map(({ name }) => known.get(name) ?? ''),
  ]);
}

/** Of the last version of each name: those just taken have theirs, the others are as they had been taken. */
const RENEW = `
  update metadata.taken_file f set stamp = s.stamp
  from unnest($2::text[], $3::text[]) as s (name, stamp)
  where f.pipeline = $1 and f.name = s.name and f.stamp <> s.stamp
    and f.partition = (select max(l.partition) from metadata.taken_file l where l.pipeline = $1 and l.name = s.name)`;

async function renewStamps(db: Queryable, pipeline: string, { stamps }: Taking): Promise<void> {
  await rowsOf(db, RENEW, [pipeline, stamps.map(([name]) => name), stamps.map(([, stamp]) => stamp)]);
}

function refused(what: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message: `The run ${what}.`, fix: 'Report it with the manifests of the run: this is a defect of a stage.' });
}
