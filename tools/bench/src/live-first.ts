import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { scheduledStarts } from './scheduled-starts';
import { spreadOf, type Spread } from './spread';
import { startBackfill } from './trivial-runs';

/** Intervals that are queued while scheduled runs start. */
export const QUEUED = 5_000;
const SAMPLES = 20;
/** What `weir backfills start` takes unless told otherwise. */
const PARALLEL = 4;
const ASK_EVERY_MS = 500;
/** Ended intervals after which the backfill counts as under way. */
const UNDER_WAY = 2 * PARALLEL;
/** As long as an acceptable pause of the backfill: whoever makes none for longer has stopped. */
const START_WITHIN_MS = 60_000;

/** What a large backfill and scheduled runs do to each other. */
export interface LiveFirst {
  /** Milliseconds from the scheduled time of a run to the end of its first stage, alone. */
  readonly idle: Spread;
  /** The same during the backfill. */
  readonly during: Spread;
  /** Longest time without an interval of the backfill that ended, milliseconds. */
  readonly longestPause: number;
  /** Intervals of the backfill that ended meanwhile. */
  readonly ended: number;
}

/** Which hours it takes: one for the scheduled runs, which take it again and again, and `QUEUED` from another on. */
export interface LiveFirstHours {
  readonly live: number;
  readonly backfill: number;
}

/** Has a schedule start runs, first alone and then beside a backfill, which is cancelled at the end. */
export async function measureLiveFirst(client: Client, hours: LiveFirstHours): Promise<LiveFirst> {
  const idle = spreadOf(await scheduledStarts(client, 'alone', hours.live, SAMPLES));
  const backfill = await startBackfill(client, 'queued', hours.backfill, QUEUED, PARALLEL);
  const watch = new BackfillWatch(backfill);
  try {
    await watch.until(UNDER_WAY);
    const during = spreadOf(await watch.meanwhile(() => scheduledStarts(client, 'beside', hours.live, SAMPLES)));
    return { idle, during, longestPause: watch.longestPause, ended: watch.ended };
  } finally {
    await backfill.cancel();
    await backfill.result().catch(() => undefined);
  }
}

/** Asks a backfill how far it is. */
class BackfillWatch {
  ended = 0;
  longestPause = 0;
  private since = performance.now();

  constructor(private readonly backfill: WorkflowHandle) {}

  async until(ended: number): Promise<void> {
    for (const started = performance.now(); this.ended < ended; await delay(ASK_EVERY_MS)) {
      await this.look();
      if (performance.now() - started > START_WITHIN_MS) throw new Error(`The backfill ended ${this.ended} intervals in ${START_WITHIN_MS / 1_000} s.`);
    }
    this.longestPause = 0;
  }

  async meanwhile<T>(body: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const looking = (async () => {
      for (; !over.signal.aborted; await delay(ASK_EVERY_MS)) await this.look();
    })();
    try {
      return await body();
    } finally {
      over.abort();
      await looking;
    }
  }

  private async look(): Promise<void> {
    const { succeeded, failed } = await this.backfill.query<{ succeeded: number; failed: number }>('progress');
    const now = performance.now();
    this.longestPause = Math.max(this.longestPause, now - this.since);
    if (succeeded + failed > this.ended) this.since = now;
    this.ended = succeeded + failed;
  }
}
