import { isUtf8 } from 'node:buffer';
import type { GetRowResponse, RowEvent } from '@weir/rpc';
import { colour, count } from '../output';
import { hexDump } from './hex-dump';
import { paintedStatus, positionOf } from './row-table';

/** Everything that is known of a row; `runTrace` is the trace of the run that set it aside, empty where it was no run or is not known. */
export function rowDetail(answer: GetRowResponse, runTrace = ''): string[] {
  const { row, pipeline, rules, events } = answer;
  if (!row) return [];
  const facts: readonly (readonly [string, string])[] = [
    ['pipeline', pipeline],
    ['dataset', row.dataset],
    ['stage', row.stage],
    ...(row.table ? [['table', row.table] as const] : []),
    ['grain', row.partition],
    ['run', row.runId],
    ...(runTrace ? [['run trace', runTrace] as const] : []),
    ['contract', row.contractVersion],
    ['set aside', row.quarantinedAt],
    ...(row.traceparent ? [['trace', row.traceparent.split('-')[1] ?? ''] as const] : []),
    ...(row.key.length > 0 ? [['key', printable(Buffer.from(row.key))] as const] : []),
    ...(row.headers ? [['headers', printable(Buffer.from(row.headers))] as const] : []),
  ];
  return [
    `  ${colour.strong(`#${row.id}`)}  ${positionOf(row)}  ${paintedStatus(row.status)}`,
    '',
    ...facts.map(([name, value]) => `  ${colour.faint(name.padEnd(10))} ${value}`),
    '',
    ...rules.map(({ rule, text }) => `  ${colour.bad(rule)}  ${text}`),
    '',
    ...originalLines(answer),
    ...historyLines(events),
  ];
}

/** Control characters would move the cursor, or worse. */
function printable(bytes: Buffer): string {
  const text = isUtf8(bytes) ? bytes.toString('utf8') : `0x${bytes.toString('hex')}`;
  return text.replaceAll(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function originalLines({ row, original }: GetRowResponse): string[] {
  const length = row?.byteLength ?? 0;
  if (original === undefined) return [`  ${colour.faint(row?.status === 'dropped' ? 'The original was removed when the row was dropped.' : row?.stage === 'load' ? 'The row is larger than 64 KiB and was not kept.' : 'The record has no value.')}`];
  const bytes = Buffer.from(original);
  const cut = bytes.length < length ? `, the first ${count(bytes.length)} are shown: --full shows more` : '';
  const shown = textLines(bytes, bytes.length < length) ?? hexDump(bytes);
  return [`  ${colour.faint(`original, ${count(length)} bytes${cut}${row?.originalPath ? `; in the lake at ${row.originalPath}` : ''}`)}`, ...shown.map((text) => `  ${text}`)];
}

/** Undefined for what is no text. A cut may go through a character, which has four bytes at most. */
function textLines(bytes: Buffer, cut: boolean): string[] | undefined {
  const whole = [0, 1, 2, 3].map((less) => bytes.subarray(0, bytes.length - less)).find((part, less) => (less === 0 || cut) && isUtf8(part));
  return whole?.toString('utf8').split('\n').map((text) => printable(Buffer.from(text)));
}

function historyLines(events: readonly RowEvent[]): string[] {
  if (events.length === 0) return [];
  return ['', ...events.map(({ at, status, by, why, runId, contractVersion }) => `  ${at.slice(0, 19)}  ${paintedStatus(status)}  ${[by && `by ${by}`, why, runId && `run ${runId}`, contractVersion && `contract ${contractVersion}`].filter(Boolean).join(', ')}`)];
}
