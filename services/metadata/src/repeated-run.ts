import { formatInterval, parseInstant, WeirError, type Definition, type Interval } from '@weir/core';
import type { Lake } from '@weir/lake';
import { RunKind, RunStart, type BeginRunRequest, type SegmentSet } from '@weir/rpc';
import { readDefinition } from './pipelines';
import { rowsOf, type Queryable } from './rows';
import { intervalOf, readRun, type RunRow } from './run-row';

/** The run that another repeats; undefined where it repeats none. Throws RUN_NOT_FOUND, and INVALID_VALUE when it is of another pipeline or interval. */
export async function readRepeated(db: Queryable, request: BeginRunRequest): Promise<RunRow | undefined> {
  if (request.retryOf === '') return undefined;
  const repeated = await readRun(db, request.retryOf);
  const interval = intervalOf(repeated);
  if (repeated.pipeline === request.pipeline && (!request.interval || isSame(request.interval, interval) || isPart(request, interval))) return repeated;
  throw new WeirError({
    code: 'INVALID_VALUE',
    message: `The run ${request.runId} over ${formatInterval(request.interval ?? interval)} of ${request.pipeline} cannot repeat the run ${repeated.run_id}, which is over ${formatInterval(interval)} of ${repeated.pipeline}.`,
    fix: 'Leave the interval out: a run repeats what the other took.',
  });
}

function isSame(given: Interval, interval: Interval | undefined): boolean {
  return interval !== undefined && parseInstant(given.start) === interval.start && parseInstant(given.end) === interval.end;
}

/** A replay takes single grains of what the other run took. */
function isPart({ kind, startAt, interval }: BeginRunRequest, whole: Interval | undefined): boolean {
  return kind === RunKind.REPLAY && startAt === RunStart.RAW && interval !== undefined && whole !== undefined && parseInstant(interval.start) >= whole.start && parseInstant(interval.end) <= whole.end;
}

const EXTRACTED = `
  select output from metadata.stage
  where run_id = $1 and stage = 'extract' and status = 'STAGE_STATUS_SUCCEEDED' and output is not null
  order by attempt desc limit 1`;

/**
 * The raw segments that a run extracted, or that it was begun with itself. Throws RAW_EXPIRED when it has none or they are no longer kept,
 * and NOT_POSSIBLE when `definition` reads another source dataset than that run did.
 */
export async function rawOf(db: Queryable, lake: Lake, repeated: RunRow, definition: Definition): Promise<SegmentSet> {
  const [row] = await rowsOf<{ output: SegmentSet }>(db, EXTRACTED, [repeated.run_id]);
  const raw = row?.output ?? repeated.raw;
  if (!raw) throw new WeirError({ code: 'RAW_EXPIRED', message: `The run ${repeated.run_id} extracted nothing that a run could begin with.` });
  if (!(await isKept(lake, raw))) throw new WeirError({ code: 'RAW_EXPIRED', message: `The raw segments of the run ${repeated.run_id} are no longer kept: ${raw.manifest} is gone.` });
  const { source } = await readDefinition(db, repeated.pipeline, repeated.definition_version);
  if (source.dataset === definition.source.dataset) return raw;
  throw new WeirError({
    code: 'NOT_POSSIBLE',
    message: `The run ${repeated.run_id} extracted raw.${source.dataset}; ${definition.name} reads raw.${definition.source.dataset} now.`,
    fix: 'Run the interval from its source.',
  });
}

async function isKept(lake: Lake, { manifest }: SegmentSet): Promise<boolean> {
  return (await lake.find(manifest)) !== undefined;
}
