import { grainFrom, isReadInSequence, MAX_GRAINS, parseInstant, parseInterval, WeirError, type Definition, type Interval } from '@weir/core';
import { BackfillOnly, BackfillOrder, IntervalReason, type PlanBackfillRequest, type PlanBackfillResponse, type PlannedInterval, type RunError } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { pageOf, standingOf, type Standing } from './interval-reason';
import { readFacts } from './partition-facts';
import { readDefinition, readPipeline } from './pipelines';
import { rowsOf, type Queryable } from './rows';
import { inOneView } from './session';

const MAX_PAGE = 1_000;

/**
 * The intervals of a range, a grain each, by where they stand now: counts over the whole range, and a page of those that `only` takes. Starts nothing.
 * A run that was cancelled before it published changes nothing about an interval, and is not named as its newest.
 * Throws INVALID_INTERVAL for a range that is not 1 to 10,000 whole grains, INVALID_VALUE (also for an order that a source cannot be read in), and PIPELINE_NOT_FOUND.
 */
export async function planBackfill({ pool }: Pick<Dependencies, 'pool'>, request: PlanBackfillRequest): Promise<PlanBackfillResponse> {
  assertRequest(request);
  // A run that ends while this reads is neither missed nor seen twice.
  return inOneView(pool, async (view) => {
    const { version } = await readPipeline(view, request.pipeline);
    const definition = await readDefinition(view, request.pipeline, version);
    const interval = checkedRange(definition, request.interval);
    const inSequence = isReadInSequence(definition.source);
    if (inSequence && request.order === BackfillOrder.NEWEST) {
      throw new WeirError({ code: 'INVALID_VALUE', message: `The source of ${definition.name} is read in sequence: the newest interval first would leave nothing for those before it.`, fix: 'Leave the order out: oldest first.' });
    }
    const changedSources = new Set(request.changedSources.map(parseInstant));
    const facts = await readFacts(view, { definition, version, interval, backfill: request.backfill, changedSources });
    const { counts, selected, page, more } = pageOf(facts.map(standingOf), { ...request, after: request.after && parseInstant(request.after) });
    const codes = await readCodes(view, page);
    const intervals = page.map((standing) => planned(standing, definition, codes));
    return { counts, selected, intervals, more, definitionVersion: version, inSequence };
  });
}

function assertRequest({ only, order, limit, changedSources }: PlanBackfillRequest): void {
  if (only === BackfillOnly.UNSPECIFIED) throw new WeirError({ code: 'INVALID_VALUE', message: 'A plan needs to know which intervals it takes.', fix: 'Set only, such as BACKFILL_ONLY_MISSING.' });
  if (order === BackfillOrder.UNSPECIFIED) throw new WeirError({ code: 'INVALID_VALUE', message: 'A plan needs an order.', fix: 'Set order, such as BACKFILL_ORDER_OLDEST.' });
  if (limit < 0 || limit > MAX_PAGE) throw new WeirError({ code: 'INVALID_VALUE', message: `The limit is ${limit}.`, fix: `Use 1 to ${MAX_PAGE}, or 0 for counts only.` });
  if (changedSources.length > MAX_GRAINS) throw new WeirError({ code: 'INVALID_VALUE', message: `There are ${changedSources.length} changed sources; a range has at most ${MAX_GRAINS} intervals.` });
}

function checkedRange({ name, grain }: Definition, given: Interval | undefined): Interval {
  if (!grain) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has no grain: each of its runs takes everything, so there is nothing to backfill.`, fix: 'Start a run instead.' });
  if (!given) throw new WeirError({ code: 'INVALID_INTERVAL', message: `A backfill of ${name} needs an interval.`, fix: `Give start and end on boundaries of the grain ${grain}.` });
  return parseInterval(given.start, given.end, grain);
}

/** The codes that failed runs of a page ended with, by run id. Parsed here: Postgres cannot read a member of a JSON text that has \u0000 anywhere. */
async function readCodes(db: Queryable, page: readonly Standing[]): Promise<Map<string, string>> {
  const failed = page.filter(({ reason }) => reason === IntervalReason.FAILED).map(({ runId }) => runId);
  const rows = await rowsOf<{ run_id: string; error: RunError | null }>(db, 'select run_id, error from metadata.run where run_id = any ($1::text[])', [[...new Set(failed)]]);
  return new Map(rows.map((row) => [row.run_id, row.error?.code ?? '']));
}

function planned({ partition, reason, detail, runId }: Standing, { grain = '' }: Definition, codes: ReadonlyMap<string, string>): PlannedInterval {
  return { interval: grainFrom(partition, grain), reason, detail: reason === IntervalReason.FAILED ? (codes.get(runId) ?? '') : detail, runId };
}
