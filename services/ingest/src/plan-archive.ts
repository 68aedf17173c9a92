import type { LogBounds, TopicLog } from '@weir/connectors';
import { canonicalInstant, grainMs, WeirError, type Definition, type Interval, type KafkaSource } from '@weir/core';
import { newestVersion, type Clients, type LogRange, type PlanArchiveRequest, type PlanArchiveResponse } from '@weir/rpc';
import { grainsOfRanges, MOST_GRAINS, type OpenRange, type RangeGrains } from './archive-grains';
import type { KafkaClients } from './kafka';

/** Records of all ranges of a plan, by offsets: a run of that size is a matter of seconds. */
const MOST_RECORDS = 500_000;
/** Ranges of a plan: what a workflow's history carries. */
const MOST_RANGES = 1_000;

/** What planning takes. */
export interface PlanArchiveDependencies extends Pick<KafkaClients, 'topicLog'> {
  readonly clients: Pick<Clients, 'definitions' | 'catalog' | 'load'>;
}

/**
 * What of a stream's topic the archive does not have yet, up to the end of the log as it is now: at most 500,000 records in 1,000 partitions and 500 grains. A partition that the stream has not
 * begun has nothing to plan. Changes nothing.
 * Throws POSITION_LOST where the log begins after the archive's position, unless that is to be skipped, or ends before it; INVALID_VALUE for a pipeline that is not of mode realtime;
 * PIPELINE_NOT_FOUND, TOPIC_MISSING, UNAVAILABLE.
 */
export async function planArchive({ clients, topicLog }: PlanArchiveDependencies, { pipeline, skipLost }: PlanArchiveRequest, signal: AbortSignal): Promise<PlanArchiveResponse> {
  const { version, definition } = await newestVersion(clients, pipeline, { signal });
  const { source, grain } = realtime(definition);
  const log = topicLog(source.connection, source.topic);
  try {
    const bounds = await log.bounds();
    const positions = await positionsOf(clients, log, { pipeline, version, partitions: [...bounds.keys()] }, signal);
    const waiting = [...positions].sort(([one], [other]) => one - other).flatMap(([partition, position]) => waitingRange(log.topic, partition, position, bounds.get(partition), skipLost));
    const taken = share(waiting);
    if (taken.length === 0) return { interval: undefined, ranges: [], more: false, lagOfRetention: 0 };
    const found = await grainsOfRanges(log, taken, grain, signal);
    const { interval, ranges } = withinGrains(found, grainMs(grain));
    const more = sum(ranges.map(({ from, to }) => to - from)) < sum(waiting.map(({ from, to }) => to - from));
    return { interval, ranges, more, lagOfRetention: await lagOfRetention(log, found) };
  } finally {
    await log.close();
  }
}

function realtime({ name, mode, source, grain }: Definition): { source: KafkaSource; grain: string } {
  if (mode === 'realtime' && source.type === 'kafka' && grain !== undefined) return { source, grain };
  throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${name} is not of mode realtime; its source is not archived.` });
}

interface Position {
  readonly next: number;
  readonly greatest: number;
}

/** Where the archive stands in each partition: where the catalog says, or else where the stream began. */
async function positionsOf(clients: PlanArchiveDependencies['clients'], log: TopicLog, { pipeline, version, partitions }: { pipeline: string; version: number; partitions: readonly number[] }, signal: AbortSignal): Promise<Map<number, Position>> {
  const stored = await clients.catalog.listPositions({ pipeline }, { signal });
  const positions = new Map(stored.positions.flatMap(({ source, value }) => positionOf(log.topic, source, value)));
  const unknown = new Set(partitions.filter((partition) => !positions.has(partition)));
  if (unknown.size === 0) return positions;
  const context = { pipeline, definitionVersion: version, commitId: '', workflowId: '', runId: '' };
  const opened = await clients.load.openPositions({ context, cluster: await log.cluster(), topic: log.topic, start: [] }, { signal });
  for (const { position, start } of opened.positions) if (position && unknown.has(position.partition)) positions.set(position.partition, { next: start, greatest: 0 });
  return positions;
}

/** Of `clicks:3` and `1234@1767225600000`; none of another topic, which the pipeline read once. */
function positionOf(topic: string, source: string, value: string): [number, Position][] {
  const [, partition] = source.startsWith(`${topic}:`) ? (/^(\d{1,9})$/.exec(source.slice(topic.length + 1)) ?? []) : [];
  const [, next, greatest] = /^(\d{1,16})@(\d{1,16})$/.exec(value) ?? [];
  return partition !== undefined && next !== undefined && greatest !== undefined ? [[Number(partition), { next: Number(next), greatest: Number(greatest) }]] : [];
}

/** What waits behind a position; nothing when the archive has all. */
function waitingRange(topic: string, partition: number, { next, greatest }: Position, bounds: LogBounds | undefined, skipLost: boolean): OpenRange[] {
  const { start, end } = bounds ?? { start: 0, end: 0 };
  if (next >= start && next <= end) return next < end ? [{ partition, from: next, to: end, greatest }] : [];
  if (skipLost && next < start) return start < end ? [{ partition, from: start, to: end, greatest }] : [];
  throw new WeirError({
    code: 'POSITION_LOST',
    message: next < start ? `The archive of ${topic}:${partition} ends at offset ${next}, and the log begins at ${start} now.` : `The archive of ${topic}:${partition} ends at offset ${next}, and the log ends at ${end}: it is another one.`,
    place: `${topic}:${partition}:${next}`,
    fix: next < start ? `The archive lacks offsets ${next} to ${start}, which retention took. Accept the gap with \`weir streams resume --skip-lost\`; raise the topic's retention so that it does not happen again.` : 'Give the pipeline another name, or its topic: the two logs cannot be one archive.',
  });
}

/** At most MOST_RECORDS of them: of each partition its share of what waits, and at least one. */
function share(waiting: readonly OpenRange[]): OpenRange[] {
  const taken = waiting.slice(0, MOST_RANGES);
  const part = MOST_RECORDS / sum(taken.map(({ from, to }) => to - from));
  return part >= 1 ? taken : taken.map((range) => ({ ...range, to: range.from + Math.max(1, Math.floor((range.to - range.from) * part)) }));
}

/** Cuts the ranges where they leave the first MOST_GRAINS grains; what a range then lacks is in the next plan. */
function withinGrains(found: readonly RangeGrains[], length: number): { interval: Interval; ranges: LogRange[] } {
  const first = Math.min(...found.flatMap(({ grains }) => grains[0]?.start ?? []));
  // Ranges of nothing but markers have no grain; a run moves their positions all the same, and needs an interval.
  const from = Number.isFinite(first) ? first : Math.floor(Date.now() / length) * length;
  const limit = from + MOST_GRAINS * length;
  const ranges = found.flatMap(({ range, grains }): LogRange[] => {
    const beyond = grains.find(({ start }) => start >= limit);
    const to = Math.min(range.to, beyond?.offset ?? range.to);
    const last = grains.findLast(({ start }) => start < limit);
    return to > range.from ? [{ partition: range.partition, from: range.from, to, greatestBeforeFrom: range.greatest, greatestBeforeTo: Math.max(range.greatest, last?.timestamp ?? 0) }] : [];
  });
  const last = Math.max(from, ...found.flatMap(({ grains }) => grains.map(({ start }) => start).filter((start) => start < limit)));
  return { interval: { start: canonicalInstant(from), end: canonicalInstant(last + length) }, ranges };
}

/** The age of the oldest record that the archive does not have, as a share of the time that the topic keeps records. */
async function lagOfRetention(log: TopicLog, found: readonly RangeGrains[]): Promise<number> {
  const { milliseconds } = await log.retention();
  const oldest = Math.min(...found.flatMap(({ first }) => first ?? []));
  return milliseconds === undefined || milliseconds === 0 || !Number.isFinite(oldest) ? 0 : Math.max(0, Date.now() - oldest) / milliseconds;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
