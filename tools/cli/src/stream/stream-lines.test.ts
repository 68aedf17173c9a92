import type { ConsumerProgress, StreamProgress } from '@weir/orchestrator';
import type { QuarantinedRow } from '@weir/rpc';
import { totalsOf } from './consumers';
import { latencyWord, partitionWords, streamLine, streamLines } from './stream-lines';
import { openStreamLines, summaryTable } from './summaries';
import { recordsBehind, type StreamView } from './view';

const NOW = Date.parse('2026-03-24T10:00:30Z');

const progress: StreamProgress = {
  pipeline: 'clicks',
  state: 'running',
  since: '2026-03-24T09:48:30Z',
  startedAt: '2026-03-24T09:48:00Z',
  definitionVersion: 3,
  consumers: { wanted: 2, running: 2 },
  restarts: 0,
  archive: { workflowId: 'archive/clicks', state: 'following' },
};

const consumer: ConsumerProgress = { member: 0, definitionVersion: 3, state: 'consuming', partitions: [0, 1, 2, 7], lag: 12, read: 40_000, admitted: 38_000, duplicate: 1_500, quarantined: 400, filtered: 100, batches: 800, rebalances: 1, recordsPerSecond: 501.6, latencyP50Ms: 18.4, latencyP99Ms: 44.6, newest: '2026-03-24T10:00:29.900Z', failures: 0 };
const waiting: ConsumerProgress = { ...consumer, member: 1, state: 'waiting', partitions: [], lag: 0, read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0, batches: 0, rebalances: 0, recordsPerSecond: 0, latencyP50Ms: undefined, latencyP99Ms: undefined, newest: '', error: { code: 'UNAVAILABLE', message: 'ingest does not answer.' } };

const rejected = (line: number, rules: string[], original: string): QuarantinedRow => ({ runId: '', dataset: 'click_events', file: 'clicks:3', line, byteOffset: 0, byteLength: 0, rules, reason: 'The value cannot be read.', original: Buffer.from(original), originalPath: '', quarantinedAt: '', key: Buffer.alloc(0), headers: '', traceparent: '', status: 'open', id: 1, partition: 'all', contractVersion: '1.0.0', stage: 'validate', table: '' });

const view: StreamView = {
  pipeline: 'clicks',
  workflowId: 'stream/clicks',
  open: true,
  progress,
  consumers: [consumer, waiting],
  archive: { progress: { pipeline: 'clicks', state: 'following', lagOfRetention: 0, runs: 4, records: 48_000, failures: 0, lastRun: { start: '', end: '', workflowId: '', records: 12_000, endedAt: '2026-03-24T10:00:05.000Z' } }, behind: 3_400 },
  quarantined: [rejected(18, ['undecodable'], '{"a":\u001b[2J'), rejected(17, ['undecodable'], '{'), rejected(9, ['type:dwell_ms'], '{}')],
  latest: { table: 'clickstream.clicks', columns: ['event_id', 'page'], rows: [['a-1', '/café'], ['a-2', undefined], ['a-3', `/${'x'.repeat(40)}\u001b[2J`]] },
};

const plain = (lines: readonly string[]): string[] => lines.join('\n').split('\n').map((line) => line.replaceAll(/ {2,}/g, '  ').trimEnd());

describe('an open stream', () => {
  test('shows state, flow, accounts, archive, consumers, quarantine and newest rows', () => {
    expect(plain(streamLines(view, NOW))).toEqual([
      'clicks  running since 12 min, definition 3, consumers 2',
      'stream/clicks',
      '',
      '  502 records/s, lag 12, p50 18 ms, p99 45 ms, newest record 2026-03-24T10:00:29',
      '  read 40,000 = admitted 38,000 + duplicate 1,500 + quarantined 400 + filtered 100  since the consumers began',
      '  archive following, 3,400 records behind the tables, last run took 12,000 at 10:00:05',
      '',
      '  consumer  state  partitions  lag  records/s  p50  p99  batches  rebalances',
      '  0  consuming  0-2 7  12  502  18 ms  45 ms  800  1',
      '  1  waiting  –  0  0  –  –  0  0  UNAVAILABLE ingest does not answer.',
      '',
      '  quarantine: of the newest 3 rows undecodable 2, type:dwell_ms 1',
      '  quarantined row  rules  reason  original',
      '  clicks:3:18  undecodable  The value cannot be read.  {"a":·[2J',
      '  clicks:3:17  undecodable  The value cannot be read.  {',
      '  clicks:3:9  type:dwell_ms  The value cannot be read.  {}',
      '',
      '  newest rows of clickstream.clicks',
      '  event_id  page',
      '  a-1  /café',
      '  a-2  null',
      `  a-3  /${'x'.repeat(26)}…`,
    ]);
  });

  test('says what tables refused', () => {
    const refusing = { ...view, consumers: [{ ...consumer, refused: 1_200 }, waiting] };
    expect(plain(streamLines(refusing, NOW))).toContain('  of those admitted, 1,200 refused by a table; they are in quarantine too');
    expect(streamLine(refusing, NOW)).toContain('read 40,000, quarantined 1,600,');
  });

  test('is one line for those who read lines', () => {
    expect(streamLine(view, NOW)).toBe('  10:00:30  running  502 records/s, lag 12, p50 18 ms, p99 45 ms, read 40,000, quarantined 400, archive 3,400 behind');
    expect(streamLine({ ...view, progress: undefined, consumers: [], archive: undefined }, NOW)).toBe('  10:00:30  silent   0 records/s, lag 0, p50 –, p99 –, read 0, quarantined 0');
  });

  test('says who paused it and why, and what it failed with', () => {
    const paused: StreamProgress = { ...progress, state: 'paused', since: '2026-03-24T09:58:30Z', consumers: { wanted: 2, running: 0 }, hand: { since: '2026-03-24T09:58:30Z', by: 'breaker', reason: '61 % of the last minute were refused.' } };
    expect(plain(streamLines({ ...view, progress: paused, consumers: [], archive: undefined, quarantined: [], latest: undefined }, NOW))).toEqual([
      'clicks  paused since 2 min, definition 3, consumers 0 of 2',
      'stream/clicks',
      '  paused 2 min ago by breaker: 61 % of the last minute were refused.',
      '  weir streams resume clicks',
      '',
      '  0 records/s, lag 0, p50 –, p99 –',
      '  read 0 = admitted 0 + duplicate 0 + quarantined 0 + filtered 0  since the consumers began',
    ]);
    const failed: StreamProgress = { ...progress, state: 'failed', restarts: 2, lastError: { code: 'POSITION_LOST', message: 'clicks:3 begins at 900.', at: '2026-03-24T10:00:00Z', member: 1, samples: [] } };
    expect(plain(streamLines({ ...view, progress: failed, consumers: [] }, NOW)).slice(0, 4)).toEqual(['clicks  failed since 12 min, definition 3, consumers 2, 2 restarts', 'stream/clicks', '  failed 30 s ago, consumer 1: POSITION_LOST clicks:3 begins at 900.', '  weir streams resume clicks']);
  });

  test('says that its archive does not follow, and why', () => {
    const archive = { progress: { pipeline: 'clicks', state: 'failing', lagOfRetention: 0, runs: 0, records: 0, failures: 3, lastError: { code: 'CHECK_FAILED', message: 'A check failed.' } }, behind: 9 } as const;
    expect(streamLine({ ...view, archive }, NOW)).toContain(', archive failing, 9 behind');
    expect(plain(streamLines({ ...view, archive }, NOW))).toEqual(expect.arrayContaining(['  archive failing, 9 records behind the tables', '  CHECK_FAILED A check failed.']));
  });

  test('that does not answer is still shown with what others know', () => {
    const lines = plain(streamLines({ ...view, progress: undefined, consumers: [], archive: { progress: undefined, behind: 5 }, quarantined: undefined, latest: undefined }, NOW));
    expect(lines.slice(0, 2)).toEqual(['clicks  does not answer', 'stream/clicks']);
    expect(lines.at(-1)).toBe('  archive not started, 5 records behind the tables');
  });
});

test('open streams are a table, and a line each where they are one thing among others', () => {
  const streams = [{ pipeline: 'clicks', workflowId: 'stream/clicks', runId: 'a', progress, totals: totalsOf([consumer, waiting]) }, { pipeline: 'orders', workflowId: 'stream/orders', runId: 'b', progress: undefined, totals: totalsOf([]) }];
  expect(plain([summaryTable(streams, NOW)])).toEqual(['  stream  state  since  consumers  lag  records/s  p50  p99', '  clicks  running  12 min  2  12  502  18 ms  45 ms', '  orders  does not answer  0  0  –  –']);
  expect(openStreamLines(streams)).toEqual(['  stream/clicks  running, 502 records/s, lag 12', '  stream/orders  does not answer, 0 records/s, lag 0']);
});

test.each([[[3, 0, 1, 7], '0-1 3 7'], [[], '–'], [[5], '5']])('the partitions %j are said as %s', (partitions, words) => {
  expect(partitionWords(partitions)).toBe(words);
});

test.each([[undefined, '–'], [0.4, '0 ms'], [999, '999 ms'], [2_449, '2.4 s'], [180_000, '3 min']])('a latency of %s ms is said as %s', (milliseconds, words) => {
  expect(latencyWord(milliseconds)).toBe(words);
});

test('the archive is behind by the records that only the tables have', () => {
  const tables = [{ partition: 0, start: 0, next: 100 }, { partition: 1, start: 40, next: 90 }, { partition: 12, start: 0, next: 7 }];
  expect(recordsBehind(tables, [{ source: 'clicks:0', value: '70@1700000000000' }, { source: 'clicks:12', value: '9@1' }])).toBe(30 + 50);
});
