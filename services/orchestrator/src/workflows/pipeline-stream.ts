import { CancellationScope, allHandlersFinished, condition, continueAsNew, defineQuery, isCancellation, proxyActivities, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { NON_RETRYABLE, type WeirError } from '@weir/core';
import type { Activities } from '../activities';
import type { PinnedStream } from '../activities/pin-stream';
import { HEARTBEAT_TIMEOUT_MS } from './agreement';
import { ArchiveChild } from './archive-child';
import { settle, type Settled } from './ending';
import { fieldsOf, toApplicationFailure } from './failure';
import { archiveChanged } from './messages';
import { SEARCH_ATTRIBUTES } from './search-attributes';
import { Consumers } from './stream-consumers';
import { StreamHand, type HandCarried } from './stream-hand';
import type { StreamError, StreamProgress, StreamState } from './stream-progress';
import { parseStreamRequest, type StreamRequest } from './stream-request';
import { unless } from './unless';

/** What a stream gives back when it was stopped. */
export interface StreamResult {
  readonly pipeline: string;
  readonly definitionVersion: number;
  readonly restarts: number;
  /** Why and by whom it was stopped. */
  readonly reason: string;
  readonly by: string;
  /** Whether the archive has all that the stream loaded; if not, the next start of the stream brings it there. */
  readonly archived: boolean;
}

/** What one execution of a stream hands to the next. */
interface Carried extends HandCarried {
  readonly startedAt: string;
  readonly restarts: number;
  readonly lastError?: StreamError | undefined;
}

/** How long the last turn of the archive may take after `stop`. */
const LAST_ARCHIVE_MS = 5 * 60_000;

const progressQuery = defineQuery<StreamProgress>('progress');

/** These go on until they succeed or only a person can help. Temporal repeats them, which leaves no history. */
const lasting = proxyActivities<Activities>({
  startToCloseTimeout: 60 * 60_000,
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  retry: { initialInterval: 1_000, maximumInterval: 30_000, nonRetryableErrorTypes: [...NON_RETRYABLE] },
});

/**
 * Supervises the stream of a realtime pipeline: keeps its consumers and its archive at work until it is stopped. Writes no history while nothing changes.
 * Ends with a result after `stop`, as cancelled after a cancellation, with nothing of it left at work in both cases.
 * The input may come from anywhere; `carried` is only ever written by the workflow itself.
 */
export async function pipelineStream(input: unknown, carried?: Carried): Promise<StreamResult> {
  return new Stream(checked(input), workflowInfo().continuedFromExecutionRunId === undefined ? undefined : carried).run();
}

function checked(input: unknown): StreamRequest {
  try {
    return parseStreamRequest(input);
  } catch (error) {
    throw toApplicationFailure(error as WeirError);
  }
}

class Stream {
  private readonly hand: StreamHand;
  private readonly archive: ArchiveChild;
  private readonly startedAt: string;
  /** The scope that a cancellation of the workflow reaches. */
  private readonly root = CancellationScope.current();
  private pinned: PinnedStream | undefined;
  private consumers: Consumers | undefined;
  private restarts: number;
  private lastError: StreamError | undefined;
  private ending = false;
  private done = false;
  /** What the search attribute shows, and since when. */
  private shown: StreamState = 'starting';
  private since: string;

  constructor(
    private readonly request: StreamRequest,
    private readonly carried: Carried | undefined,
  ) {
    this.since = new Date().toISOString();
    this.startedAt = carried?.startedAt ?? this.since;
    this.restarts = carried?.restarts ?? 0;
    this.lastError = carried?.lastError;
    this.hand = new StreamHand(request, carried);
    this.archive = new ArchiveChild(request.pipeline);
  }

  async run(): Promise<StreamResult> {
    setHandler(progressQuery, () => this.view());
    this.hand.listen({ view: () => this.view(), archiveWaits: () => this.archive.waits(), resumeArchive: (skipLost) => this.archive.ask({ word: 'follow', skipLost }) });
    setHandler(archiveChanged, (report) => this.archive.told(report));
    this.describe();
    const end = await settle(this.work());
    if (end.ok && end.value === 'long') return continueAsNew<typeof pipelineStream>(this.request, this.handOver());
    return this.close(end);
  }

  private async work(): Promise<'stopped' | 'long'> {
    for (;;) {
      if (this.hand.isStopping()) return 'stopped';
      // Nothing is at work here: activities do not survive the end of an execution.
      if (workflowInfo().continueAsNewSuggested) {
        await this.prepareHandOver();
        if (!this.hand.isStopping()) return 'long';
      } else if (this.hand.isHeld()) await this.rest();
      else await this.consume();
    }
  }

  private async rest(): Promise<void> {
    this.archive.ask({ word: 'rest' });
    await condition(() => !this.hand.isHeld() || this.hand.isStopping() || workflowInfo().continueAsNewSuggested);
  }

  /** One stretch: from a start of the consumers until they have all ended. */
  private async consume(): Promise<void> {
    const pinned = await this.pin();
    if (!pinned) return;
    const skipLost = this.hand.takeSkipLost();
    this.archive.start(skipLost);
    let renewed = false;
    const restarted = () => {
      this.restarts += 1;
      // One of them begins anew: where the history has become long, all may as well, in a new one.
      renewed ||= workflowInfo().continueAsNewSuggested;
    };
    const consumers = new Consumers({ pipeline: this.request.pipeline, pinned, skipLost }, { restarted, failed: (error, member) => this.failed(error, member) });
    this.consumers = consumers;
    const over = () => this.hand.isStopping() || this.hand.isHeld() || this.hand.hasNewer(pinned.definitionVersion) || consumers.failure() !== undefined || renewed;
    try {
      for (let scaled = 0; !over(); ) {
        scaled = this.wanted();
        consumers.scale(scaled);
        await condition(() => over() || this.wanted() !== scaled);
      }
    } finally {
      await CancellationScope.nonCancellable(() => consumers.drain());
      this.consumers = undefined;
    }
    const failure = consumers.failure();
    if (failure) await this.hold(failure);
  }

  /** Reads the newest definition; undefined when somebody wanted something else meanwhile, or the stream was put on hold because there is none that it can run. */
  private async pin(): Promise<PinnedStream | undefined> {
    const read = this.hand.reading();
    const pinned = await unless(() => this.hand.isStopping() || this.hand.isHeld(), () => lasting.pinStream({ pipeline: this.request.pipeline }));
    if (pinned.ok) {
      read();
      return (this.pinned = pinned.value);
    }
    if (isCancellation(pinned.failure)) return undefined;
    // A stream that never ran is not there; one that did waits for a definition that it can run.
    if (!this.pinned && !this.carried) throw pinned.error;
    this.failed(pinned.error);
    await this.hold(pinned.error);
    return undefined;
  }

  private failed(error: WeirError, member?: number): void {
    this.lastError = { ...fieldsOf(error), at: new Date().toISOString(), member };
  }

  /** Puts the stream to rest because of an error, and raises the one alert about it. */
  private async hold(error: WeirError): Promise<void> {
    const what = this.hand.stop(error);
    if (!what) return;
    const { code, message: reason } = error;
    await lasting.alert({ pipeline: this.request.pipeline, what, code, reason });
  }

  private wanted(): number {
    return this.hand.wanted() ?? this.pinned?.consumers ?? 0;
  }

  private async prepareHandOver(): Promise<void> {
    await this.archive.cancel();
    await condition(allHandlersFinished);
  }

  private handOver(): Carried {
    const { startedAt, restarts, lastError } = this;
    return { ...this.hand.carried(), startedAt, restarts, lastError };
  }

  /** Leaves nothing at work, and gives the end back as Temporal knows it. */
  private async close(end: Settled<unknown>): Promise<StreamResult> {
    this.ending = true;
    this.hand.close();
    return CancellationScope.nonCancellable(async () => {
      const archived = end.ok && (await this.archive.finish(LAST_ARCHIVE_MS, () => this.root.consideredCancelled));
      if (!archived) await this.archive.cancel();
      this.done = true;
      this.showState();
      // Whoever stopped it waits for an answer, which must not be lost with the workflow.
      await condition(allHandlersFinished);
      if (!end.ok) throw isCancellation(end.failure) ? end.failure : toApplicationFailure(end.error);
      const { reason = '', by = '' } = this.hand.view() ?? {};
      return { pipeline: this.request.pipeline, definitionVersion: this.pinned?.definitionVersion ?? 0, restarts: this.restarts, reason, by, archived };
    });
  }

  private view(): StreamProgress {
    const { startedAt, restarts, lastError } = this;
    const state = this.state();
    return {
      pipeline: this.request.pipeline,
      state,
      since: state === this.shown ? this.since : new Date().toISOString(),
      startedAt,
      definitionVersion: this.pinned?.definitionVersion ?? 0,
      consumers: { wanted: this.wanted(), running: this.consumers?.running() ?? 0 },
      restarts,
      hand: this.hand.view(),
      lastError,
      archive: this.archive.view(),
    };
  }

  private state(): StreamState {
    if (this.done) return 'stopped';
    if (this.ending || this.hand.isStopping()) return 'stopping';
    const held = this.hand.holdState();
    if (held) return held === 'paused' && this.consumers ? 'pausing' : held;
    return this.consumers ? 'running' : 'starting';
  }

  private describe(): void {
    const { pipeline } = this.request;
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.pipeline, value: pipeline },
      { key: SEARCH_ATTRIBUTES.state, value: this.shown },
    ]);
    void CancellationScope.nonCancellable(async () => {
      for (;;) {
        await condition(() => !this.done && this.state() !== this.shown);
        this.showState();
      }
    });
  }

  private showState(): void {
    this.shown = this.state();
    this.since = new Date().toISOString();
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.state, value: this.shown }]);
  }
}
