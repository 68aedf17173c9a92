import type { StreamProgress } from '@weir/orchestrator';
import { colour, count, table } from '../output';
import { sideBySide } from '../side-by-side';
import type { Temporal } from '../temporal';
import { lasting } from '../time-words';
import { readConsumers, totalsOf, type ConsumerTotals } from './consumers';
import { openStreams, progressOf, type OpenStream } from './find-stream';
import { consumerWords, latencyWord, paintedState } from './stream-lines';

/** An open stream in one line. */
export interface StreamSummary extends OpenStream {
  /** Undefined while its worker does not answer. */
  readonly progress: StreamProgress | undefined;
  readonly totals: ConsumerTotals;
}

/** All open streams with where they stand, by pipeline. Throws UNAVAILABLE when Temporal does not answer. */
export async function streamSummaries(temporal: Temporal): Promise<StreamSummary[]> {
  return sideBySide(await openStreams(temporal), (stream) => summary(temporal, stream));
}

async function summary(temporal: Temporal, stream: OpenStream): Promise<StreamSummary> {
  const [progress, { consumers }] = await Promise.all([progressOf(temporal, stream), readConsumers(temporal, stream).catch(() => ({ consumers: [] }))]);
  return { ...stream, progress, totals: totalsOf(consumers) };
}

/** The open streams as a table. `now` is milliseconds since 1970. */
export function summaryTable(summaries: readonly StreamSummary[], now: number): string {
  const right = 'right' as const;
  const columns = [{ title: 'stream' }, { title: 'state' }, { title: 'since' }, ...['consumers', 'lag', 'records/s', 'p50', 'p99'].map((title) => ({ title, align: right })), { title: '' }];
  return table(columns, summaries.map((stream) => summaryRow(stream, now)));
}

function summaryRow({ pipeline, progress, totals }: StreamSummary, now: number): string[] {
  const { lag, recordsPerSecond, latencyP50Ms, latencyP99Ms } = totals;
  const why = progress?.state === 'failed' ? colour.bad(progress.lastError?.code ?? '') : (progress?.hand?.reason ?? '');
  return [pipeline, paintedState(progress?.state), progress ? lasting(now - Date.parse(progress.since)) : '', progress ? consumerWords(progress.consumers) : '', count(lag), count(Math.round(recordsPerSecond)), latencyWord(latencyP50Ms), latencyWord(latencyP99Ms), why];
}

/** What `weir status` says of the open streams: a line each, none without streams. */
export function openStreamLines(summaries: readonly StreamSummary[]): string[] {
  return summaries.map(({ workflowId, progress, totals }) => `  ${workflowId}  ${paintedState(progress?.state)}, ${count(Math.round(totals.recordsPerSecond))} records/s, lag ${count(totals.lag)}`);
}
