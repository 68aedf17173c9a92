import { CancellationScope, condition, proxyActivities } from '@temporalio/workflow';
import { NON_RETRYABLE } from '@weir/core';
import type { Activities } from '../activities';
import type { BackfillRecordInput } from '../activities/record-backfill';
import type { TraceLink } from '../activities/trace-link';
import { HEARTBEAT_TIMEOUT_MS } from './agreement';
import { settle } from './ending';

/** What is stored, without the links. */
export type BackfillState = Omit<BackfillRecordInput, 'links'>;

/** Shortest time between two records, save for changes of state. */
const EVERY_MS = 5_000;

/** Runs that one record links to, below OpenTelemetry's 128; a record is made when that many have ended. */
const LINKS = 100;

const HEARTBEATS = { heartbeatTimeout: HEARTBEAT_TIMEOUT_MS };

/** A record on the way is replaced by the next one; metadata may be down without holding anything up. */
const passing = proxyActivities<Activities>({ ...HEARTBEATS, startToCloseTimeout: 60_000, retry: { maximumAttempts: 1 } });

/** The first and the last record must be made whatever else is down: this goes on for a day. */
const lasting = proxyActivities<Activities>({
  ...HEARTBEATS,
  startToCloseTimeout: 10 * 60_000,
  scheduleToCloseTimeout: 24 * 3_600_000,
  retry: { initialInterval: 1_000, maximumInterval: 30_000, nonRetryableErrorTypes: [...NON_RETRYABLE] },
});

/** Keeps metadata's record of a backfill behind its state, and links the backfill's trace to those of its runs. */
export class BackfillRecord {
  private links: TraceLink[];
  private changed = false;
  private urgent = false;
  private stopped = false;
  private lastAt = 0;
  private keeping: Promise<void> = Promise.resolve();
  /** Of the last record; the next execution links to it. */
  private trace = '';
  private made = 0;

  /** `links`: what the execution before this one left to link to. */
  constructor(
    private readonly state: () => BackfillState,
    links: readonly TraceLink[] = [],
  ) {
    this.links = [...links];
  }

  /** Stores the first record; throws when metadata refuses it. */
  async begin(): Promise<void> {
    await this.store(lasting, this.state());
  }

  /** Records changes as they come, until `end` or `hold`. */
  keep(): void {
    this.stopped = false;
    this.keeping = CancellationScope.nonCancellable(() => this.follow());
  }

  /** Something has changed; at once: its state. */
  change(atOnce = false): void {
    this.changed = true;
    this.urgent ||= atOnce;
  }

  /** A run ended: the next record links to its trace. */
  ended(link: TraceLink): void {
    if (link.trace) this.links.push(link);
    this.change();
  }

  /** Records of this execution. */
  count(): number {
    return this.made;
  }

  /** Stops recording, with one more record where something has changed. */
  async hold(): Promise<void> {
    await this.stop();
    if (this.changed || this.links.length > 0) await this.attempt();
  }

  /** What the next execution has to link to: this one, and runs that ended since its last record. */
  left(): TraceLink[] {
    return [...(this.trace ? [{ trace: this.trace }] : []), ...this.links];
  }

  /** Stores the last record, whatever happened before. */
  async end(state: BackfillState): Promise<void> {
    await this.stop();
    do {
      const { ok } = await settle(this.store(lasting, state));
      if (!ok) return;
    } while (this.links.length > 0);
  }

  private async stop(): Promise<void> {
    this.stopped = true;
    await this.keeping;
  }

  private async follow(): Promise<void> {
    for (;;) {
      await condition(() => this.stopped || this.changed);
      const wait = this.lastAt + EVERY_MS - Date.now();
      if (wait > 0) await condition(() => this.stopped || this.urgent || this.links.length >= LINKS, wait);
      if (this.stopped) return;
      await this.attempt();
    }
  }

  /** Whether it was stored; if not, the next one will say the same and more. */
  private async attempt(): Promise<boolean> {
    const { ok } = await settle(this.store(passing, this.state()));
    this.changed ||= !ok;
    return ok;
  }

  private async store(activities: typeof passing, state: BackfillState): Promise<void> {
    const links = this.links.slice(0, LINKS);
    Object.assign(this, { changed: false, urgent: false, lastAt: Date.now(), made: this.made + 1 });
    const { trace } = await activities.recordBackfill({ ...state, links });
    this.links.splice(0, links.length);
    this.trace = trace;
  }
}
