import { readLog, type TopicLog } from '@weir/connectors';
import { LogGrains, parseInterval, partitionsOf, WeirError, type Definition, type Interval, type KafkaSource } from '@weir/core';
import { withEngine, type EngineOptions } from '@weir/engine';
import { rawPath, type Lake, type Segment } from '@weir/lake';
import type { ExtractRequest, ExtractResult, LogRange, Position, StageContext } from '@weir/rpc';
import type { ExtractCall } from './extract';
import type { KafkaClients } from './kafka';
import { LogSegments } from './log-segments';
import { intervalSlices, type IntervalSlice } from './log-slices';
import type { Metadata } from './metadata';

/** What extracting from a topic takes. */
export interface ExtractLogDependencies extends Pick<KafkaClients, 'topicLog'>, Pick<Metadata, 'sources'> {
  readonly lake: Lake;
  readonly engine: Pick<EngineOptions, 'memoryLimit' | 'threads'>;
}

/** Offsets of one partition and what grain each of their records has. */
interface ReadSlice {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly grainOf: (offset: number, timestamp: number) => string;
  /** Where it ends, once it was read. */
  readonly position: () => Position;
}

/** A run over a topic, checked. */
interface LogRun {
  readonly context: StageContext;
  readonly source: KafkaSource;
  readonly grain: string;
  readonly interval: Interval;
  readonly ranges: readonly LogRange[];
}

/**
 * Takes records of a topic into immutable raw segments, as received, and lists them in a manifest with every grain of the run's interval: either the records of the interval by their timestamps,
 * or exactly the ranges asked for, beside the segments that the same grains have already. Reads one partition after the other, so that memory holds one open segment and two fetches.
 * Throws TOPIC_MISSING, POSITION_LOST, UNAVAILABLE, INVALID_INTERVAL, INVALID_VALUE, CANCELLED, and what the engine and the lake throw. Nothing is listed then.
 */
export async function extractLog(deps: ExtractLogDependencies, request: ExtractRequest, definition: Definition, call: ExtractCall): Promise<ExtractResult> {
  const run = logRun(request, definition);
  const log = deps.topicLog(run.source.connection, run.source.topic);
  try {
    const slices = run.ranges.length > 0 ? rangeSlices(run) : (await intervalSlices(log, run.interval, run.grain, call.report)).map((slice) => intervalSlice(run.source.topic, slice));
    const written = await readSlices(deps, run, log, slices, call);
    const before = run.ranges.length > 0 ? await publishedSegments(deps, run, call.signal) : [];
    return { raw: await writeManifest(deps.lake, run, [...before, ...written]), files: written.length, bytes: sum(written.map(({ bytes }) => bytes)), positions: slices.map(({ position }) => position()) };
  } finally {
    await log.close();
  }
}

function logRun({ context, ranges }: ExtractRequest, { name, mode, grain, source }: Definition): LogRun {
  if (!context || source.type !== 'kafka' || grain === undefined) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no context, or its pipeline reads no topic.' });
  if (!context.interval) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has the grain ${grain}; a run needs an interval.` });
  if (mode === 'realtime' && ranges.length === 0) {
    throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${name} is of mode realtime: only its stream and its archive read its topic.`, fix: 'Run the interval with `--from raw`.' });
  }
  const wrong = ranges.find(({ from, to }) => from > to || from < 0);
  if (wrong) throw new WeirError({ code: 'INVALID_VALUE', message: `${wrong.from} to ${wrong.to} is no range of offsets.`, place: `${source.topic}:${wrong.partition}` });
  return { context, source, grain, ranges, interval: parseInterval(context.interval.start, context.interval.end, grain) };
}

function intervalSlice(topic: string, { partition, from, to, grains }: IntervalSlice): ReadSlice {
  let at = 0;
  const grainOf = (offset: number): string => {
    while ((grains[at + 1]?.offset ?? Infinity) <= offset) at += 1;
    return grains[at]?.grain ?? '';
  };
  return { partition, from, to, grainOf, position: () => ({ source: `${topic}:${partition}`, value: String(to) }) };
}

function rangeSlices({ source: { topic }, grain: length, interval, ranges }: LogRun): ReadSlice[] {
  const grains = new LogGrains(length);
  return ranges.map(({ partition, from, to, greatestBeforeFrom }) => {
    grains.continueFrom(partition, greatestBeforeFrom);
    const grainOf = (offset: number, timestamp: number): string => {
      const grain = grains.next(partition, timestamp);
      if (grain >= interval.start && grain < interval.end) return grain;
      throw new WeirError({ code: 'INVALID_VALUE', message: `The record belongs to the grain ${grain}, which the run does not have.`, place: `${topic}:${partition}:${offset}`, fix: 'Plan the archive again.' });
    };
    return { partition, from, to, grainOf, position: () => ({ source: `${topic}:${partition}`, value: `${to}@${grains.greatestOf(partition)}` }) };
  });
}

async function readSlices(deps: ExtractLogDependencies, { context, source }: LogRun, log: TopicLog, slices: readonly ReadSlice[], { signal, report }: ExtractCall): Promise<readonly Segment[]> {
  const total = sum(slices.map(({ from, to }) => to - from));
  if (total === 0) return [];
  const scratch = await deps.lake.scratch(context.runId, context.attempt);
  try {
    return await withEngine({ ...deps.engine, inputs: [], staging: scratch.dir, signal }, async (engine) => {
      const segments = new LogSegments({ engine, lake: deps.lake, pipeline: context.pipeline, dataset: source.dataset, topic: source.topic, dir: scratch.dir });
      let done = 0;
      for (const slice of slices) {
        let at = slice.from;
        for await (const { records, next } of readLog(log, slice, signal)) {
          await segments.add(slice.partition, records, slice.grainOf);
          report({ step: 'read records', done: (done += next - at), total });
          at = next;
        }
      }
      await segments.close();
      return segments.written;
    });
  } finally {
    await scratch.dispose();
  }
}

/** What the catalog has of the run's grains already. */
async function publishedSegments({ sources }: ExtractLogDependencies, { context, source, interval }: LogRun, signal: AbortSignal): Promise<Segment[]> {
  const segments: Segment[] = [];
  for await (const { files } of sources(context.pipeline, interval, signal)) {
    for (const { partition, source: name, bytes, sha256, rows } of files) segments.push({ path: rawPath(context.pipeline, source.dataset, sha256, 'parquet'), rows, bytes, sha256, partitions: [partition], source: name });
  }
  return segments;
}

/** In reading order: by grain, then by partition and offset of the log. */
async function writeManifest(lake: Lake, { context, source, grain, interval }: LogRun, segments: readonly Segment[]): ReturnType<Lake['writeManifest']> {
  const ordered = segments.toSorted((one, other) => compare(one.partitions[0], other.partitions[0]) || compare(one.source, other.source));
  const rows = new Map<string, number>();
  for (const segment of segments) for (const partition of segment.partitions) rows.set(partition, (rows.get(partition) ?? 0) + segment.rows);
  const partitions = partitionsOf(interval, grain).map((partition) => ({ partition, rows: rows.get(partition) ?? 0 }));
  const { pipeline, runId, attempt } = context;
  return lake.writeManifest({ version: 1, pipeline, runId, stage: 'extract', attempt, datasets: [{ dataset: `raw.${source.dataset}`, partitions, segments: ordered }] });
}

function compare(one = '', other = ''): number {
  return one < other ? -1 : Number(one > other);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
