import { CancellationScope, allHandlersFinished, condition, continueAsNew, defineQuery, isCancellation, setHandler, sleep, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { formatInterval, type WeirError } from '@weir/core';
import type { TraceLink } from '../activities/trace-link';
import { BackfillHand } from './backfill-hand';
import { Pages, checkedBackfill } from './backfill-plan';
import { progressOf, type BackfillProgress } from './backfill-progress';
import { BackfillRecord, type BackfillState } from './backfill-record';
import type { BackfillRequest } from './backfill-request';
import { Tally, type TallyState } from './backfill-tally';
import { Window, type OpenRun } from './backfill-window';
import { settle, type Settled } from './ending';
import { toApplicationFailure } from './failure';
import type { HandView } from './hand-state';
import { undelivered, type RunEnd } from './run-end';
import { SEARCH_ATTRIBUTES } from './search-attributes';

/** What a backfill gives back. */
export interface BackfillResult {
  readonly pipeline: string;
  readonly selected: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
}

/** What one execution of a backfill hands to the next; a few kilobytes however many intervals there are. */
export interface Carried {
  readonly tally: TallyState;
  readonly startedAt: string;
  /** Start of the last interval that was taken. */
  readonly cursor?: string | undefined;
  readonly open: readonly OpenRun[];
  readonly paused?: HandView | undefined;
  /** When the rate allows the next start, milliseconds since 1970. */
  readonly nextStartAt: number;
  /** Traces that the first record of the next links to. */
  readonly links: readonly TraceLink[];
}

/** An execution ends well below Temporal's 50,000 events, and its trace below 2,000 spans. */
const MAX_EVENTS = 1_500;
const MAX_RECORDS = 100;

const progressQuery = defineQuery<BackfillProgress>('progress');

/**
 * Runs the intervals of a range that have a reason to run, each in a `pipelineRun` of its own, a bounded number at a time; what
 * failed does not stop the rest. History models are refreshed and destinations delivered once at the end and in every pause.
 * The input may come from anywhere; `carried` is only ever written by the workflow itself.
 */
export async function pipelineBackfill(input: unknown, carried?: Carried): Promise<BackfillResult> {
  const request = checkedBackfill(input);
  return new Backfill(request, workflowInfo().continuedFromExecutionRunId === undefined ? undefined : carried).run();
}

class Backfill {
  private readonly tally: Tally;
  private readonly hand: BackfillHand;
  private readonly pages: Pages;
  private readonly window: Window;
  private readonly record: BackfillRecord;
  private readonly startedAt: string;
  private nextStartAt: number;
  private planned: boolean;
  private done = false;
  private stopping = false;
  /** The state that the search attribute shows. */
  private shown: string | undefined;
  /** Brings a pause about; cancelled when the pause is over. */
  private resting: CancellationScope | undefined;
  private deliveryError: WeirError | undefined;

  constructor(
    private readonly request: BackfillRequest,
    private readonly carried: Carried | undefined,
  ) {
    this.startedAt = carried?.startedAt ?? new Date().toISOString();
    this.tally = new Tally(carried?.tally);
    this.hand = new BackfillHand(carried?.paused);
    this.pages = new Pages(request, undefined, carried?.cursor);
    this.window = new Window(request.pipeline, (run, end) => this.ended(run, end));
    this.record = new BackfillRecord(() => this.state(this.hand.paused() ? 'PAUSED' : 'RUNNING'), carried?.links);
    this.nextStartAt = carried?.nextStartAt ?? 0;
    this.planned = carried !== undefined;
  }

  async run(): Promise<BackfillResult> {
    setHandler(progressQuery, () => this.view());
    this.hand.listen({ view: () => this.view(), paused: (hand) => this.pause(hand), resumed: () => this.resume() });
    this.describe();
    const end = await this.toItsEnd();
    if (end.ok && end.value === 'long') return continueAsNew<typeof pipelineBackfill>(this.request, this.handOver());
    return this.close(end);
  }

  /** All the work, or as much as one execution does. After a failure the open runs come to their ends; a cancellation stops them. */
  private async toItsEnd(): Promise<Settled<'done' | 'long'>> {
    let end = await settle(this.work());
    if (end.ok && end.value === 'long') {
      const settled = await settle(this.prepareHandOver());
      if (!settled.ok) end = settled;
    }
    if (!end.ok && !isCancellation(end.failure)) {
      const drained = await settle(condition(() => this.window.open().length === 0));
      if (!drained.ok) end = drained;
    }
    return end;
  }

  private async work(): Promise<'done' | 'long'> {
    if (!this.carried) await this.record.begin();
    this.record.keep();
    this.window.adopt(this.carried?.open ?? []);
    if (!this.carried) this.tally.startClock(Date.now());
    const paused = this.hand.paused();
    if (paused) this.pause(paused);
    return (await this.takeAll()) && (await this.deliverAll()) ? 'done' : 'long';
  }

  /** Takes every interval in its turn. False when the history has become long before. */
  private async takeAll(): Promise<boolean> {
    for (;;) {
      await condition(() => this.mayStart() || this.isLong());
      if (this.isLong()) return false;
      const next = await this.pages.peek(({ counts, selected }) => this.tally.planned(counts, selected));
      this.planned = true;
      if (!next) return true;
      const wait = this.nextStartAt - Date.now();
      if (wait > 0) await sleep(wait);
      // Planning and waiting take time, in which anything may have happened.
      if (wait > 0 || !this.mayStart()) continue;
      this.pages.take();
      this.tally.took();
      this.window.start(next);
      this.nextStartAt = this.request.ratePerMinute === undefined ? 0 : Math.max(Date.now(), this.nextStartAt) + 60_000 / this.request.ratePerMinute;
    }
  }

  /** Waits for the last runs, then brings what they published to history models and destinations. False when the history has become long. */
  private async deliverAll(): Promise<boolean> {
    for (;;) {
      await condition(() => (this.window.open().length === 0 && !this.hand.paused()) || this.isLong());
      if (this.isLong()) return false;
      if (!this.tally.view().undelivered) return true;
      if (this.deliveryError) throw this.deliveryError;
      this.deliver();
    }
  }

  private mayStart(): boolean {
    return !this.hand.paused() && !this.hand.isEnding() && this.window.intervals().length < (this.pages.inSequence() ? 1 : this.request.parallelism);
  }

  private isLong(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return continueAsNewSuggested || historyLength > MAX_EVENTS || this.record.count() > MAX_RECORDS;
  }

  private ended(run: OpenRun, end: RunEnd): void {
    if (!run.delivery) this.tally.ended(run, end, Date.now());
    else if (end.how !== 'succeeded') {
      this.deliveryError = undelivered(run, end);
      this.tally.deliveryFailed(run, this.deliveryError.code);
    }
    this.record.ended({ trace: run.trace ?? '', runId: run.runId });
  }

  private deliver(): void {
    this.deliveryError = undefined;
    this.tally.delivering();
    this.window.deliver(this.request.interval);
  }

  private pause(hand: HandView): void {
    this.record.change(true);
    const resting = new CancellationScope();
    this.resting = resting;
    void settle(resting.run(() => this.rest(hand))).then(() => {
      if (this.resting === resting) this.resting = undefined;
    });
  }

  /** What is open comes to a stop; then what was published is delivered, unless the last delivery is still at work. */
  private async rest(hand: HandView): Promise<void> {
    await this.window.pause(hand);
    if (this.tally.view().undelivered && !this.window.isDelivering()) this.deliver();
  }

  private resume(): void {
    this.resting?.cancel();
    this.resting = undefined;
    this.deliveryError = undefined;
    this.pages.forget();
    this.record.change(true);
    this.tally.startClock(Date.now());
    void this.window.resume();
  }

  /** Until nothing is under way that would be lost between two executions. */
  private async prepareHandOver(): Promise<void> {
    this.resting?.cancel();
    await this.record.hold();
    await condition(() => this.window.isSettled() && allHandlersFinished());
  }

  private handOver(): Carried {
    const { tally, startedAt, nextStartAt } = this;
    return { tally: tally.view(), startedAt, cursor: this.pages.cursor(), open: this.window.open(), paused: this.hand.paused(), nextStartAt, links: this.record.left() };
  }

  /** Leaves nothing running, records the end, whatever it is, and gives it back as Temporal knows it. */
  private async close(end: Settled<unknown>): Promise<BackfillResult> {
    this.hand.close();
    const cancelled = !end.ok && isCancellation(end.failure);
    return CancellationScope.nonCancellable(async () => {
      this.stopping = cancelled;
      if (cancelled) await this.window.cancel();
      if (end.ok) this.tally.close();
      await this.record.end(this.state(end.ok ? 'DONE' : cancelled ? 'CANCELLED' : 'FAILED'));
      this.done = true;
      this.showState();
      // Whoever cancelled waits for an answer, which must not be lost with the workflow.
      await condition(allHandlersFinished);
      if (!end.ok) throw cancelled ? end.failure : toApplicationFailure(end.error);
      const { selected, succeeded, failed, cancelled: stopped, skipped } = this.tally.view();
      return { pipeline: this.request.pipeline, selected, succeeded, failed, cancelled: stopped, skipped };
    });
  }

  private view(): BackfillProgress {
    return progressOf(this.request, this.tally, { state: this.progressState(), hand: this.hand.view(), open: this.window.intervals(), startedAt: this.startedAt });
  }

  private progressState(): BackfillProgress['state'] {
    if (this.done) return 'done';
    if (this.stopping || this.hand.isEnding()) return 'cancelling';
    if (this.resting) return this.window.isDelivering() ? 'refreshing' : 'pausing';
    if (this.window.isDelivering() && this.window.intervals().length === 0) return 'refreshing';
    if (this.hand.paused()) return this.window.isDelivering() ? 'refreshing' : 'paused';
    return this.planned ? 'running' : 'planning';
  }

  private state(status: BackfillState['status']): BackfillState {
    const { pipeline, interval, only, order, parallelism, reason = '' } = this.request;
    const { selected, succeeded, failed, cancelled, skipped } = this.tally.view();
    const { firstExecutionRunId: firstRunId } = workflowInfo();
    return { pipeline, interval, only, order, parallelism, status, selected, succeeded, failed, cancelled, skipped, firstRunId, reason: this.hand.view()?.reason || reason };
  }

  private describe(): void {
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.pipeline, value: this.request.pipeline },
      { key: SEARCH_ATTRIBUTES.interval, value: formatInterval(this.request.interval) },
      { key: SEARCH_ATTRIBUTES.kind, value: 'backfill' },
    ]);
    void CancellationScope.nonCancellable(async () => {
      for (;;) {
        await condition(() => !this.done && this.progressState() !== this.shown);
        this.showState();
      }
    });
  }

  private showState(): void {
    this.shown = this.progressState();
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.state, value: this.shown }]);
  }
}
