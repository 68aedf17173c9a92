import { ActivityCancellationType, CancellationScope, TimeoutFailure, condition, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { WeirError } from '@weir/core';
import type { Activities } from '../activities';
import type { PinnedStream } from '../activities/pin-stream';
import { HEARTBEAT_TIMEOUT_MS, LIVE_PRIORITY } from './agreement';
import { settle } from './ending';
import { endOf, type AttemptEnd } from './failure';

/** A consumer works until somebody ends it; Temporal wants a number. */
const FOR_EVER_MS = 365 * 24 * 3_600_000;

/** A consumer that worked this long has overcome what ended the one before it: its next failure is a first one again. */
const STEADY_MS = 10 * 60_000;

/** What all consumers of a stream are started with. */
interface Order {
  readonly pipeline: string;
  readonly pinned: PinnedStream;
  readonly skipLost: boolean;
}

interface Actions {
  /** A consumer is started again. */
  restarted(): void;
  /** A consumer ended with an error, whatever follows. */
  failed(error: WeirError, member: number): void;
}

/**
 * The consumers of a stream under one version of its definition. One that is lost is started again at once, one that fails with a `counted` code after the
 * pipeline's delay; any other error is the end of all of them, which is for the stream to bring about.
 */
export class Consumers {
  private readonly members = new Map<number, CancellationScope>();
  private readonly activities: ReturnType<typeof proxyActivities<Activities>>;
  private working = 0;
  private wanted = 0;
  private ended: WeirError | undefined;

  constructor(
    private readonly order: Order,
    private readonly actions: Actions,
  ) {
    this.activities = proxyActivities<Activities>({
      startToCloseTimeout: FOR_EVER_MS,
      heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
      retry: { maximumAttempts: 1 },
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      priority: { priorityKey: LIVE_PRIORITY, fairnessKey: order.pipeline },
      // Eager activities go to the worker that asked: these are to be spread over all.
      allowEagerDispatch: false,
    });
  }

  /** Starts and ends consumers until there are so many. */
  scale(wanted: number): void {
    this.wanted = wanted;
    for (let member = 0; member < wanted; member += 1) this.begin(member);
    for (const [member, scope] of this.members) if (member >= wanted) scope.cancel();
  }

  /** Ends all and waits until they have ended. */
  async drain(): Promise<void> {
    this.scale(0);
    await condition(() => this.members.size === 0);
  }

  /** Those at work, or waiting for a worker. */
  running(): number {
    return this.working;
  }

  /** The error after which none can go on. */
  failure(): WeirError | undefined {
    return this.ended;
  }

  private begin(member: number): void {
    // One that is still ending is started again when it has.
    if (this.members.has(member)) return;
    const scope = new CancellationScope();
    this.members.set(member, scope);
    void CancellationScope.nonCancellable(async () => {
      await settle(scope.run(() => this.keep(member, scope)));
      this.members.delete(member);
      if (member < this.wanted && !this.ended) this.begin(member);
    });
  }

  private async keep(member: number, scope: CancellationScope): Promise<void> {
    let counted = 0;
    for (let first = true; !this.ended; first = false) {
      const began = Date.now();
      const end = await this.consume(member, first);
      if (scope.consideredCancelled) return;
      if (end.how === 'failed') {
        if (Date.now() - began > STEADY_MS) counted = 0;
        this.actions.failed(end.error, member);
        if (end.error.retry === 'never' || counted >= this.order.pinned.retries) {
          this.ended ??= end.error;
          return;
        }
        counted += 1;
        await sleep(this.order.pinned.retryDelayMs);
      }
      this.actions.restarted();
    }
  }

  private async consume(member: number, first: boolean): Promise<AttemptEnd> {
    const { pipeline, pinned, skipLost } = this.order;
    const { workflowId, runId } = workflowInfo();
    this.working += 1;
    const end = await settle(this.activities.consume({ pipeline, definitionVersion: pinned.definitionVersion, member, workflowId, runId, skipLost: skipLost && first }));
    this.working -= 1;
    // A consumer that its time has run out for has done nothing wrong, as none has that gives its work back.
    if (end.ok || (end.failure as Error).cause instanceof TimeoutFailure) return { how: 'lost' };
    return endOf(end.failure);
  }
}
