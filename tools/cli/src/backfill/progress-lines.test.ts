import type { BackfillProgress } from '@weir/orchestrator';
import { BackfillOnly, BackfillOrder, BackfillStatus, type Backfill } from '@weir/rpc';
import { bar, progressLines, recordLines, tallyWords } from './progress-lines';
import { changeKey, changeLine } from './watch';

const NOW = Date.parse('2026-01-01T00:10:00Z');

const progress: BackfillProgress = {
  pipeline: 'retail',
  interval: { start: '2010-12-01T00:00:00Z', end: '2011-12-10T00:00:00Z' },
  only: 'missing',
  order: 'oldest',
  parallelism: 8,
  state: 'running',
  counts: { missing: 305, failed: 0, stale: 0, done: 0, running: 0 },
  selected: 305,
  succeeded: 120,
  failed: 3,
  cancelled: 0,
  skipped: 2,
  open: [
    { start: '2011-04-01T00:00:00Z', end: '2011-04-02T00:00:00Z', workflowId: 'run/retail/2011-04-01_2011-04-02', runId: 'a', stage: 'validate' },
    { start: '2011-04-02T00:00:00Z', end: '2011-04-03T00:00:00Z', workflowId: 'run/retail/2011-04-02_2011-04-03', runId: 'b' },
  ],
  queued: 178,
  startedAt: '2026-01-01T00:01:30Z',
  ratePerMinuteNow: 14.24,
  remainingMs: 12.7 * 60_000,
  failures: [{ start: '2011-01-05T00:00:00Z', end: '2011-01-06T00:00:00Z', runId: '01a2', code: 'CHECK_FAILED' }],
};

describe('an open backfill', () => {
  test('shows how far it is, how fast, what is open and what failed', () => {
    expect(progressLines('backfill/retail/year', progress, NOW)).toEqual([
      'retail 2010-12-01/2011-12-10  running  --only missing, oldest first, 8 at a time',
      'backfill/retail/year',
      '',
      `  ${'━'.repeat(13)}${'─'.repeat(19)}  120 of 305 intervals done, 3 failed, 2 skipped`,
      '  2 open, 178 queued, 14.2 a minute, about 12 min left, started 8 min ago',
      '  open    2011-04-01 validate, 2011-04-02',
      '  failed  2011-01-05  CHECK_FAILED  weir runs show 01a2',
      '          and 2 more',
    ]);
  });

  test('says who paused it and why, and its rate limit', () => {
    const paused = { ...progress, state: 'paused', ratePerMinute: 30, open: [], failures: [], hand: { since: '2026-01-01T00:08:00Z', by: 'ada', reason: 'the source is being repaired' } } as const;
    const lines = progressLines('backfill/retail/year', paused, NOW);
    expect(lines[0]).toBe('retail 2010-12-01/2011-12-10  paused  --only missing, oldest first, 8 at a time, at most 30 a minute');
    expect(lines.at(-1)).toBe('  paused 2 min ago by ada: the source is being repaired');
  });

  test('names a few open intervals and counts the others', () => {
    const open = Array.from({ length: 10 }, (_, index) => ({ start: `2011-04-0${index}T00:00:00Z`, end: '', workflowId: '', runId: '' }));
    expect(progressLines('x', { ...progress, open, failures: [] }, NOW).at(-1)).toMatch(/2011-04-07 and 2 more$/);
  });

  test('gives a line when intervals ended or its state changed, and none otherwise', () => {
    const said = changeKey(progress);
    expect(changeLine({ ...progress, ratePerMinuteNow: 20, remainingMs: 1 }, NOW, said)).toBeUndefined();
    expect(changeLine({ ...progress, succeeded: 121 }, NOW, said)).toBe('  running    121 of 305 intervals done, 3 failed, 2 skipped, 2 open, 178 queued, 14.2 a minute, about 12 min left, started 8 min ago, last failure 2011-01-05 CHECK_FAILED');
    expect(changeLine({ ...progress, state: 'pausing' }, NOW, said)).toMatch(/^ {2}pausing {4}120 of/);
  });
});

describe('a bar', () => {
  const tally = { selected: 100, succeeded: 0, failed: 0, cancelled: 0, skipped: 0 };

  test.each([
    [tally, '──────────'],
    [{ ...tally, succeeded: 49, skipped: 1 }, '━━━━━─────'],
    [{ ...tally, succeeded: 100 }, '━━━━━━━━━━'],
    [{ ...tally, succeeded: 50, cancelled: 50 }, '━━━━━─────'],
    [{ ...tally, selected: 0 }, '━━━━━━━━━━'],
    [{ ...tally, selected: 10_000, failed: 1, succeeded: 999 }, '━─────────'],
  ])('of %j is %s', (given, drawn) => {
    expect(bar(given, 10)).toBe(drawn);
  });

  test('says the counts that are not zero', () => {
    expect(tallyWords({ selected: 1, succeeded: 0, failed: 0, cancelled: 1, skipped: 0 })).toBe('0 of 1 interval done, 1 cancelled');
  });
});

describe('a backfill that has ended', () => {
  const record: Backfill = {
    workflowId: 'backfill/retail/year',
    runId: 'first',
    pipeline: 'retail',
    interval: progress.interval,
    only: BackfillOnly.STALE,
    order: BackfillOrder.NEWEST,
    parallelism: 4,
    status: BackfillStatus.DONE,
    reason: 'new tax rule',
    selected: 3,
    succeeded: 2,
    failed: 1,
    cancelled: 0,
    skipped: 0,
    startedAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:02:00Z',
    endedAt: '2026-01-01T00:02:00Z',
  };

  test('shows how long it took and what failed', () => {
    expect(recordLines(record, [{ start: '2011-01-05T00:00:00Z', runId: '01a2', code: 'CHECK_FAILED' }], NOW)).toEqual([
      'retail 2010-12-01/2011-12-10  done  --only stale, newest first, 4 at a time',
      'backfill/retail/year',
      '',
      `  ${'━'.repeat(32)}  2 of 3 intervals done, 1 failed`,
      '  took 2 min: new tax rule',
      '  failed  2011-01-05  CHECK_FAILED  weir runs show 01a2',
    ]);
  });
});
