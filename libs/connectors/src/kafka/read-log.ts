import { setTimeout as pause } from 'node:timers/promises';
import { orAborted, WeirError } from '@weir/core';
import type { FetchedPartition } from './kafkajs-internals';
import type { LogRecords } from './log-records';
import type { TopicLog } from './topic-log';

/** Of one fetch. Two are in memory: one that is worked on, and the next. */
const FETCH_BYTES = 4 * 1024 * 1024;
/** What is asked for each offset, so that a short slice does not bring megabytes of what lies behind it. */
const OFFSET_BYTES = 1024;
/** How long the log may stay shorter than what was asked for, while its leader changes. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 100;

/** Offsets [from, to) of a partition. */
export interface LogSlice {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Some records of a slice that follow each other, and the offset after them: `to` with the last. */
export interface LogPage {
  readonly records: readonly LogRecords[];
  readonly next: number;
}

/**
 * Reads a slice of a log in the order of its offsets; it ends at `to`, whatever became of the records that had the last offsets. The next page is fetched while the caller works on
 * one, no more. Throws CANCELLED, POSITION_LOST when the log begins after the slice or ends before it, and what TopicLog throws.
 */
export async function* readLog(log: TopicLog, { partition, from, to }: LogSlice, signal: AbortSignal): AsyncGenerator<LogPage, void, undefined> {
  let fetching = fetchNext(log, { partition, from, to });
  let patience = performance.now() + PATIENCE_MS;
  for (let at = from; at < to && fetching; ) {
    const page = pageOf(await orAborted(fetching, signal, cancelled), at, to);
    if (page) patience = performance.now() + PATIENCE_MS;
    else if (performance.now() > patience) throw tooShort(log, { partition, from: at, to }, (await log.bounds()).get(partition)?.end ?? 0);
    else await pause(PAUSE_MS);
    at = page?.next ?? at;
    fetching = fetchNext(log, { partition, from: at, to });
    if (page) yield page;
  }
}

/** A failure is the caller's once it waits for this page, and nobody's when it leaves before. */
function fetchNext(log: TopicLog, { partition, from, to }: LogSlice): Promise<FetchedPartition | undefined> | undefined {
  if (from >= to) return undefined;
  const fetching = log.fetch(partition, from, Math.min(FETCH_BYTES, OFFSET_BYTES * (to - from)));
  fetching.catch(() => undefined);
  return fetching;
}

/** Undefined when the answer says nothing. */
function pageOf(fetched: FetchedPartition | undefined, at: number, to: number): LogPage | undefined {
  if (!fetched) return undefined;
  const { messages, lastStableOffset } = fetched;
  const last = messages.at(-1);
  if (!last) return Number(lastStableOffset) >= to ? { records: [], next: to } : undefined;
  // A batch comes whole, though it begins before the offset asked for or ends after the slice.
  const records = messages.map((batch) => batch.records.within(at, to)).filter(({ length }) => length > 0);
  return { records, next: Math.min(to, Number(last.offset) + 1) };
}

function cancelled(): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'Cancelled while reading from Kafka.' });
}

function tooShort({ topic }: TopicLog, { partition, from, to }: LogSlice, end: number): WeirError {
  return new WeirError({ code: 'POSITION_LOST', message: `The offsets ${from} to ${to} of ${topic}:${partition} cannot be read: the log ends at ${end}.`, place: `${topic}:${partition}:${from}` });
}
