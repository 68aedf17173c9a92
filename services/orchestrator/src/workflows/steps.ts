import { ActivityCancellationType, proxyActivities, workflowInfo, type ActivityInterfaceFor } from '@temporalio/workflow';
import { NON_RETRYABLE, isWeirError, type WeirError } from '@weir/core';
import type { Activities } from '../activities';
import type { Begun } from '../activities/begin';
import type { FinalStatus } from '../activities/finish';
import type { RunRef, StageResult } from '../activities/shapes';
import { GRACE_MS, HEARTBEAT_TIMEOUT_MS } from './agreement';
import { fieldsOf, inStage } from './failure';
import type { Hand } from './hand';
import type { Progress, Subject } from './progress';
import type { RunStartWord } from './request';
import { DEFAULT_POLICY, runStage, type Between, type StagePolicy } from './stage';

/** A run that has begun: what every later step needs. */
export interface BegunRun {
  readonly ref: RunRef;
  readonly begun: Begun;
  readonly policy: StagePolicy;
  /** Part of a backfill, which refreshes history models for all its runs at once. */
  readonly background: boolean;
  /** Of a realtime pipeline, by a person's wish: the tables that its stream writes are brought to what the run publishes, too. */
  readonly restates: boolean;
}

/** How a run is to begin: its checked input, and the time that a schedule gave it. */
export interface Beginning extends Subject {
  readonly from?: RunStartWord | undefined;
  readonly retryOf?: string | undefined;
  readonly scheduledFor?: string | undefined;
}

/** The steps of one run: each numbers its attempts, applies the retry policy, heeds a hand on the run and keeps the progress. */
export class Steps {
  private mayHaveBegun = false;
  private judges: { readonly realtime: boolean; readonly extracted: boolean } | undefined;

  constructor(
    readonly progress: Progress,
    readonly hand: Hand,
  ) {}

  /** Pins and leases the run. A busy lease whose holder is closed is taken over by the activity. */
  async begin(beginning: Beginning): Promise<BegunRun> {
    const { pipeline, interval: asked, kind, from, retryOf, backfill, scheduledFor } = beginning;
    this.progress.begun(beginning);
    this.mayHaveBegun = true;
    const begun = await this.step('begin', DEFAULT_POLICY, (activities) => activities.begin({ pipeline, interval: asked, kind, from, retryOf, backfill, scheduledFor }));
    const { retries, retryDelayMs, executionTimeoutMs, definitionVersion, interval = asked } = begun;
    this.progress.took(interval);
    const background = backfill !== undefined && from !== 'delivery';
    // The runs of a replay have restated their grains; its delivery is for history models, and would restate all that is published.
    const deliversReplay = kind === 'replay' && from === 'delivery' && interval === undefined;
    // Runs that began before streams existed have no topic at all in what begin gave them.
    const restates = Boolean(begun.topic) && kind !== 'refresh' && !deliversReplay;
    // Neither a delivery nor a refresh judges rows that could have been in quarantine; the archive of a stream does, and does not load them.
    if (from !== 'delivery' && kind !== 'refresh') this.judges = { realtime: Boolean(begun.topic), extracted: begun.raw === undefined };
    return { begun, background, restates, policy: { retries, retryDelayMs, executionTimeoutMs }, ref: { runId: workflowInfo().runId, pipeline, definitionVersion, interval, background, restates: restates || undefined } };
  }

  /** Runs a stage under a policy. Throws its WeirError with the stage named, or the cancellation. */
  async step<R extends StageResult>(stage: string, policy: StagePolicy, call: (activities: ActivityInterfaceFor<Activities>, attempt: number) => Promise<R>): Promise<R> {
    const result = await runStage(policy, this.between(stage), ({ timeoutMs }) => call(within(timeoutMs), this.progress.attempt(stage))).catch((failure: unknown) => {
      throw isWeirError(failure) ? inStage(failure, stage) : failure;
    });
    this.progress.done(stage, result.counts);
    return result;
  }

  private between(stage: string): Between {
    return {
      ready: () => this.hand.ready(),
      delay: (milliseconds) => this.hand.delay(milliseconds),
      ended: (decision, end) => {
        if (decision.action === 'fail') this.progress.failed(stage, decision.error, false);
        else if (end.how === 'failed') this.progress.failed(stage, end.error, true);
      },
    };
  }

  /** Records how the run ended, releases its leases and drops what it staged without publishing; nothing to do before begin. */
  async finish(status: FinalStatus, error?: WeirError): Promise<void> {
    if (!this.mayHaveBegun) return;
    await clean.finish({ runId: workflowInfo().runId, status, error: error && fieldsOf(error), settles: this.settles(status) });
  }

  /** What is published is on its way to every table, save for those of a stream: what it wrote is restated or not. */
  private settles(status: FinalStatus): { readonly extracted: boolean } | undefined {
    const { judges } = this;
    if (!judges || this.progress.view().snapshot === undefined || (judges.realtime && status !== 'SUCCEEDED')) return undefined;
    return { extracted: judges.extracted };
  }
}

/** Activities whose attempt has this much time. Retries are the policy's alone, so Temporal makes none. */
export function within(timeoutMs: number): ActivityInterfaceFor<Activities> {
  return proxyActivities<Activities>({
    startToCloseTimeout: timeoutMs + GRACE_MS,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    retry: { maximumAttempts: 1 },
    // Clean-up must not start before the stage has really stopped.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}

/** An end must be recorded whatever else is down: this goes on for a day. */
const clean = proxyActivities<Activities>({
  startToCloseTimeout: 10 * 60_000,
  scheduleToCloseTimeout: 24 * 3_600_000,
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  retry: { initialInterval: 1_000, maximumInterval: 30_000, nonRetryableErrorTypes: [...NON_RETRYABLE] },
});
