import type { ConsumerProgress, StreamProgress } from '@weir/orchestrator';
import type { QuarantinedRow } from '@weir/rpc';
import { handWords } from '../backfill/progress-lines';
import { colour, count, table } from '../output';
import { quarantineTable } from '../run-report';
import { cut, printable } from '../terminal-text';
import { lasting } from '../time-words';
import { totalsOf, type ConsumerTotals } from './consumers';
import type { ArchiveView, StreamView } from './view';
import type { LatestRows } from './warehouse';

/** What `weir streams` prints about one stream, section by section; each gives lines, none when it has nothing to say. `now` is milliseconds since 1970. */

/** Rows of the quarantine, and rules, that are named. */
const NAMED = 5;
/** States of an archive that somebody must look at. */
const BAD_ARCHIVE: ReadonlySet<string> = new Set(['behind', 'failing', 'lost']);
/** Room for one value of a row. */
const CUT = 28;

/** Everything about an open stream. */
export function streamLines(view: StreamView, now: number): string[] {
  const totals = totalsOf(view.consumers);
  const sections = [headline(view, now), flow(totals, view.archive), consumerTable(view.consumers), quarantineLines(view.quarantined ?? []), latestLines(view.latest)];
  return sections.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}

/** One line for those who read lines: `12:00:05  running  1,002 records/s, lag 35, p50 18 ms, p99 45 ms, read 60,000, quarantined 600, archive 3,400 behind`. */
export function streamLine({ progress, consumers, archive }: StreamView, now: number): string {
  const totals = totalsOf(consumers);
  const trouble = archive?.progress && BAD_ARCHIVE.has(archive.progress.state) ? ` ${archive.progress.state},` : '';
  const behind = archive?.behind === undefined ? [] : [`archive${trouble} ${count(archive.behind)} behind`];
  const state = progress?.state ?? 'silent';
  return `  ${new Date(now).toISOString().slice(11, 19)}  ${state.padEnd(8)} ${[...flowWords(totals), `read ${count(totals.read)}`, `quarantined ${count(totals.quarantined + totals.refused)}`, ...behind].join(', ')}`;
}

/** `running` in the colour of its meaning. */
export function paintedState(state: StreamProgress['state'] | undefined): string {
  if (state === undefined) return colour.bad('does not answer');
  if (state === 'running') return colour.good(state);
  return state === 'failed' ? colour.bad(state) : state === 'paused' ? colour.doubt(state) : colour.name(state);
}

/** Consumers as they are and as they are wanted: `2` or `1 of 2`. */
export function consumerWords({ running, wanted }: StreamProgress['consumers']): string {
  return running === wanted ? String(running) : `${running} of ${wanted}`;
}

/** Milliseconds for people: `18 ms`, `2.4 s`, `3 min`; a dash without records. */
export function latencyWord(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '–';
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1_000).toFixed(1)} s` : lasting(milliseconds);
}

function headline({ pipeline, workflowId, progress }: StreamView, now: number): string[] {
  if (!progress) return [`${colour.strong(pipeline)}  ${paintedState(undefined)}`, colour.faint(workflowId)];
  const { state, since, definitionVersion, consumers, restarts, hand, lastError } = progress;
  const parts = [`definition ${definitionVersion}`, `consumers ${consumerWords(consumers)}`, ...(restarts > 0 ? [`${count(restarts)} restarts`] : [])];
  const lines = [`${colour.strong(pipeline)}  ${paintedState(state)} since ${lasting(now - Date.parse(since))}, ${parts.join(', ')}`, colour.faint(workflowId)];
  if (hand && state !== 'running') lines.push(`  ${handWords(hand, now, state === 'stopping' || state === 'stopped' ? 'stopped' : 'paused')}`);
  if (lastError) lines.push(`  ${state === 'failed' ? 'failed' : 'last error'} ${lasting(now - Date.parse(lastError.at))} ago${lastError.member === undefined ? '' : `, consumer ${lastError.member}`}: ${colour.bad(lastError.code)} ${lastError.message}`);
  if (state === 'failed' || state === 'paused') lines.push(colour.faint(`  weir streams resume ${pipeline}`));
  return lines;
}

function flow(totals: ConsumerTotals, archive: ArchiveView | undefined): string[] {
  const { read, admitted, duplicate, quarantined, filtered, refused, newest } = totals;
  return [
    `  ${flowWords(totals).join(', ')}${newest ? `, newest record ${newest.slice(0, 19)}` : ''}`,
    `  read ${count(read)} = admitted ${count(admitted)} + duplicate ${count(duplicate)} + quarantined ${count(quarantined)} + filtered ${count(filtered)}  ${colour.faint('since the consumers began')}`,
    ...(refused === 0 ? [] : [`  of those admitted, ${colour.doubt(`${count(refused)} refused by a table`)}; they are in quarantine too`]),
    ...archiveLines(archive),
  ];
}

function flowWords({ recordsPerSecond, lag, latencyP50Ms, latencyP99Ms }: ConsumerTotals): string[] {
  return [`${count(Math.round(recordsPerSecond))} records/s`, `lag ${count(lag)}`, `p50 ${latencyWord(latencyP50Ms)}`, `p99 ${latencyWord(latencyP99Ms)}`];
}

function archiveLines(archive: ArchiveView | undefined): string[] {
  if (!archive?.progress && archive?.behind === undefined) return [];
  const { progress, behind } = archive;
  const state = progress?.state ?? 'not started';
  const run = progress?.lastRun;
  const error = progress?.lastError ? [`  ${colour.bad(progress.lastError.code)} ${progress.lastError.message}`] : [];
  const parts = [BAD_ARCHIVE.has(state) ? colour.bad(state) : state, ...(behind === undefined ? [] : [`${count(behind)} records behind the tables`]), ...(run ? [`last run took ${count(run.records)} at ${run.endedAt.slice(11, 19)}${run.code ? ` and failed: ${colour.bad(run.code)}` : ''}`] : [])];
  return [`  archive ${parts.join(', ')}`, ...error];
}

function consumerTable(consumers: readonly ConsumerProgress[]): string[] {
  if (consumers.length === 0) return [];
  const right = 'right' as const;
  const columns = [{ title: 'consumer', align: right }, { title: 'state' }, { title: 'partitions' }, ...['lag', 'records/s', 'p50', 'p99', 'batches', 'rebalances'].map((title) => ({ title, align: right })), { title: '' }];
  return [table(columns, consumers.map(consumerRow))];
}

function consumerRow({ member, state, partitions, lag, recordsPerSecond, latencyP50Ms, latencyP99Ms, batches, rebalances, error }: ConsumerProgress): string[] {
  const numbers = [count(lag), count(Math.round(recordsPerSecond)), latencyWord(latencyP50Ms), latencyWord(latencyP99Ms), count(batches), count(rebalances)];
  return [String(member), state === 'consuming' ? state : colour.doubt(state), partitionWords(partitions), ...numbers, error ? `${colour.bad(error.code)} ${cut(printable(error.message), CUT)}` : ''];
}

/** `0-3 7`: numbers that follow each other as one. */
export function partitionWords(partitions: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const partition of partitions.toSorted((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last && last[1] === partition - 1) last[1] = partition;
    else spans.push([partition, partition]);
  }
  return spans.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(' ') || '–';
}

/** The rules of the newest rows, the commonest first, and the newest rows themselves. */
function quarantineLines(rows: readonly QuarantinedRow[]): string[] {
  if (rows.length === 0) return [];
  const rules = new Map<string, number>();
  for (const rule of rows.flatMap((row) => row.rules)) rules.set(rule, (rules.get(rule) ?? 0) + 1);
  const commonest = [...rules].toSorted(([, a], [, b]) => b - a);
  const others = commonest.length > NAMED ? ` and ${commonest.length - NAMED} more` : '';
  return [`  quarantine: of the newest ${count(rows.length)} rows ${commonest.slice(0, NAMED).map(([rule, n]) => `${rule} ${count(n)}`).join(', ')}${others}`, ...quarantineTable(rows.slice(0, NAMED))];
}

function latestLines(latest: LatestRows | undefined): string[] {
  if (!latest || latest.rows.length === 0) return [];
  return [`  newest rows of ${latest.table}`, table(latest.columns.map((title) => ({ title })), latest.rows.map((row) => row.map((value) => (value === undefined ? colour.faint('null') : cut(printable(value), CUT)))))];
}
