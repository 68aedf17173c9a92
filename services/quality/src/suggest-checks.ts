import { randomUUID } from 'node:crypto';
import { formatInterval, grainFrom, grainMs, isWeirError, parseInterval, partitionsOf, WeirError, WHOLE, type Definition } from '@weir/core';
import { livingRelation, PARTITION_COLUMN, suggestChecks, withEngine, type RelationSegment, type SuggestInput, type Suggestions } from '@weir/engine';
import { StageGate, withSpan } from '@weir/platform';
import type { Interval, SuggestChecksRequest, SuggestChecksResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { subjectOf, type SuggestSubject } from './suggest-subject';

/** A person waits: what takes longer is asked for fewer grains. */
const TIMEOUT_MS = 60_000;

/** One at a time, beside the places of stages: neither waits for the other. */
const CONCURRENT = 1;

/** Grains that are looked through for empty ones, the newest. */
const GRAINS_LOOKED_AT = 1_000;

/** After every grain. */
const END_OF_TIME = '9999-01-01T00:00:00Z';

/**
 * Profiles what is published of a dataset in the newest snapshot and proposes checks that it passes; writes nothing.
 * Throws PIPELINE_NOT_FOUND, UNKNOWN_DATASET, INVALID_INTERVAL, NOT_POSSIBLE where nothing is published, MEMORY_LIMIT, BUSY, DEADLINE after a minute, CANCELLED, SEGMENT_CORRUPT, UNAVAILABLE.
 */
export function checkSuggester(dependencies: Dependencies): (request: SuggestChecksRequest, signal: AbortSignal) => Promise<SuggestChecksResponse> {
  const gate = new StageGate(CONCURRENT);
  return async (request, signal) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const either = AbortSignal.any([signal, timeout]);
    try {
      return await gate.run(either, () => suggested(dependencies, request, either));
    } catch (error) {
      if (!timeout.aborted || !isWeirError(error) || error.code !== 'CANCELLED') throw error;
      throw new WeirError({ code: 'DEADLINE', message: `Suggesting checks for ${request.pipeline} took longer than ${TIMEOUT_MS / 1_000} s.`, fix: 'Ask for an interval of fewer grains.' }, { cause: error });
    }
  };
}

async function suggested(dependencies: Dependencies, request: SuggestChecksRequest, signal: AbortSignal): Promise<SuggestChecksResponse> {
  const { pipeline, interval } = request;
  const { version, definition } = await dependencies.catalog.newestVersion(pipeline, signal);
  const subject = subjectOf(definition, request.dataset);
  return withSpan('quality suggest', { 'weir.pipeline': pipeline, 'weir.dataset': subject.dataset }, async (span) => {
    const segments = await publishedSegments(dependencies, definition, { subject, interval, signal });
    const age = await ageOf(dependencies, definition, { subject, segments, signal });
    const found = await withoutCopies(dependencies, definition, { subject, found: await overRows(dependencies, subject, { segments, age, signal }), signal });
    span.setAttributes({ 'weir.rows.in': found.profile.rows, 'weir.checks': found.proposals.length });
    return { pipeline, definitionVersion: version, dataset: subject.dataset, ...toResponse(found) };
  });
}

interface Wanted {
  readonly subject: SuggestSubject;
  readonly interval: Interval | undefined;
  readonly signal: AbortSignal;
}

async function publishedSegments({ catalog, lake }: Dependencies, definition: Definition, { subject, interval, signal }: Wanted): Promise<RelationSegment[]> {
  const wanted = partitionsWanted(definition, interval);
  const live = await catalog.live(definition.name, subject.dataset, signal);
  const segments = live.flatMap(({ path, partitions, whole }): RelationSegment[] => {
    const left = wanted ? partitions.filter((partition) => wanted.has(partition)) : partitions;
    return left.length === 0 ? [] : [{ absolutePath: lake.absolute(path), partitions: left, whole: whole && left.length === partitions.length }];
  });
  if (segments.length > 0) return segments;
  const of = wanted && live.length > 0 ? ` of ${formatInterval(interval)}` : '';
  throw new WeirError({ code: 'NOT_POSSIBLE', place: subject.dataset, message: `Nothing${of} is published of \`${subject.dataset}\` of ${definition.name}, so that no rows can speak for checks.`, fix: `Publish it with \`weir run ${definition.name}\` first.` });
}

function partitionsWanted({ grain, name }: Definition, interval: Interval | undefined): ReadonlySet<string> | undefined {
  if (!interval) return undefined;
  if (grain === undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has no grain, so that its datasets have no intervals.`, fix: 'Leave the interval out.' });
  return new Set(partitionsOf(parseInterval(interval.start, interval.end, grain), grain));
}

interface Found {
  readonly subject: SuggestSubject;
  readonly segments: readonly RelationSegment[];
  readonly signal: AbortSignal;
}

/** A grain without rows is never fresh: where there are such grains, freshness is no check for the dataset. */
async function ageOf({ catalog }: Dependencies, { name, grain }: Definition, { subject: { dataset, time }, segments, signal }: Found): Promise<SuggestInput['age']> {
  const newest = segments.flatMap(({ partitions }) => partitions).filter((partition) => partition !== WHOLE).sort().at(-1);
  if (time === undefined || grain === undefined || newest === undefined) return undefined;
  const rows = await catalog.history(name, dataset, END_OF_TIME, GRAINS_LOOKED_AT, signal);
  return rows.includes(0) ? undefined : { column: time, grainMs: grainMs(grain), until: grainFrom(newest, grain).end };
}

interface Rows {
  readonly segments: readonly RelationSegment[];
  readonly age: SuggestInput['age'];
  readonly signal: AbortSignal;
}

async function overRows({ lake, engine: limits }: Dependencies, { dataset, columns, known }: SuggestSubject, { segments, age, signal }: Rows): Promise<Suggestions> {
  const scratch = await lake.scratch('suggest', randomUUID());
  try {
    const inputs = [...new Set(segments.map(({ absolutePath }) => absolutePath))];
    await scratch.hold(inputs, signal);
    return await withEngine({ inputs, staging: scratch.dir, ...limits, signal }, async (engine) => {
      const relation = '_weir_suggest';
      await engine.run(`create temp view ${relation} as select * from ${livingRelation(segments, [...columns, PARTITION_COLUMN])}`, 'view');
      return suggestChecks(engine, { dataset, relation, columns, known, age });
    });
  } finally {
    await scratch.dispose();
  }
}

interface Judged {
  readonly subject: SuggestSubject;
  readonly found: Suggestions;
  readonly signal: AbortSignal;
}

/** A run counts rows of its source that are not unique before it drops copies, and published rows have none: where runs dropped some, nobody knows what they would have counted. */
async function withoutCopies({ catalog }: Dependencies, { name }: Definition, { subject, found, signal }: Judged): Promise<Suggestions> {
  const unique = found.proposals.filter(({ measure }) => measure.kind === 'unique');
  if (!subject.deduped || unique.length === 0) return found;
  const dropped = await catalog.dropped(name, signal);
  if (dropped === 0) return found;
  const reason = `${dropped.toLocaleString('en-US')} rows were dropped as copies, and a run counts them before that. Where it is the key, \`primaryKey: true\` says so.`;
  return { ...found, proposals: found.proposals.filter((proposal) => !unique.includes(proposal)), leftOut: [...found.leftOut, ...unique.map(({ id, column }) => ({ id, column, reason }))] };
}

function toResponse({ profile, proposals, leftOut }: Suggestions): Pick<SuggestChecksResponse, 'rows' | 'sampled' | 'columns' | 'proposals' | 'leftOut'> {
  return {
    rows: profile.rows,
    sampled: profile.sampled,
    columns: profile.columns.map(({ emails: _emails, values = [], ...column }) => ({ min: undefined, max: undefined, low: undefined, high: undefined, shortest: undefined, longest: undefined, ...column, values: [...values] })),
    proposals: proposals.map(({ id, column, measure, threshold, reason }) => ({ id, column, measureJson: JSON.stringify(measure), thresholdJson: JSON.stringify(threshold), reason })),
    leftOut: leftOut.map((one) => ({ ...one })),
  };
}
