import { CancellationScope, ParentClosePolicy, condition, getExternalWorkflowHandle, patched, proxyActivities, startChild, workflowInfo, type ChildWorkflowHandle } from '@temporalio/workflow';
import { formatInterval, type Interval } from '@weir/core';
import type { Activities } from '../activities';
import { HEARTBEAT_TIMEOUT_MS } from './agreement';
import { takeChildTrace } from './child-trace';
import { settle } from './ending';
import type { HandView } from './hand-state';
import { pauseSignal, resumeSignal } from './messages';
import type { pipelineRun } from './pipeline-run';
import type { PipelineRunInput } from './request';
import { SKIPPED, failedEnd, succeededEnd, type RunEnd } from './run-end';
import { SEARCH_ATTRIBUTES } from './search-attributes';

/** A run of a backfill that is open. */
export interface OpenRun extends Interval {
  readonly workflowId: string;
  /** Empty until it has started. */
  readonly runId: string;
  /** W3C traceparent of its trace; absent where nothing is traced. */
  readonly trace?: string | undefined;
  /** Refreshes and delivers what the others published, and takes no interval. */
  readonly delivery?: boolean | undefined;
}

/** Live runs have the priority 2: where a place is free, they get it first. */
const PRIORITY_KEY = 4;

/** Waits end with the runs, however long those take; a worker that is lost gives its wait to another. */
const patient = proxyActivities<Activities>({ startToCloseTimeout: 24 * 3_600_000, heartbeatTimeout: HEARTBEAT_TIMEOUT_MS, retry: { initialInterval: 500, maximumInterval: 10_000 } });

/**
 * The open runs of a backfill. Those that this execution started are its children; those of the execution before are awaited
 * by one activity, and both are stopped in the same way. Nothing here ends with the workflow's cancellation: that is `cancel`.
 */
export class Window {
  private readonly runs = new Map<string, OpenRun>();
  private signals = 0;
  /** Signals on their way, the last one of each run. */
  private readonly sending = new Map<string, Promise<unknown>>();
  private paused: HandView | undefined;

  constructor(
    private readonly pipeline: string,
    private readonly onEnd: (run: OpenRun, end: RunEnd) => void,
  ) {}

  /** Takes over the open runs of the execution before. */
  adopt(runs: readonly OpenRun[]): void {
    for (const run of runs) this.runs.set(run.workflowId, run);
    if (runs.length > 0) void CancellationScope.nonCancellable(() => this.awaitAdopted(new Set(runs.map(({ workflowId }) => workflowId))));
  }

  /** Starts the run of an interval and follows it. */
  start(interval: Interval): void {
    const workflowId = `run/${this.pipeline}/${formatInterval(interval).replace('/', '_')}`;
    const { start, end } = interval;
    this.follow({ start, end, workflowId, runId: '' }, { pipeline: this.pipeline, interval: { start, end }, kind: 'backfill', backfill: workflowInfo().workflowId });
  }

  /** Starts the run that refreshes history models and brings every destination to what was published. */
  deliver(whole: Interval): void {
    const { workflowId } = workflowInfo();
    this.follow({ ...whole, workflowId: `${workflowId}/delivery`, runId: '', delivery: true }, { pipeline: this.pipeline, kind: 'backfill', from: 'delivery', backfill: workflowId });
  }

  open(): OpenRun[] {
    return [...this.runs.values()];
  }

  intervals(): OpenRun[] {
    return this.open().filter(({ delivery }) => !delivery);
  }

  isDelivering(): boolean {
    return this.open().some(({ delivery }) => delivery);
  }

  /** Whether every open run has started and every signal has arrived: what is open can be handed on. */
  isSettled(): boolean {
    return this.signals === 0 && this.open().every(({ runId }) => runId !== '');
  }

  /** Pauses what is open, and what is just being started, at its next stage. Waits until it stands still. */
  async pause(hand: HandView): Promise<void> {
    this.paused = hand;
    await Promise.all(this.intervals().map((run) => this.signal(run)));
    await condition(() => this.isSettled());
    const runs = this.intervals().map(({ workflowId, runId }) => ({ workflowId, runId }));
    if (runs.length > 0) await patient.awaitPause({ runs });
  }

  async resume(): Promise<void> {
    this.paused = undefined;
    await Promise.all(this.intervals().map((run) => this.signal(run)));
  }

  /** Cancels what is open and waits until it is closed. */
  async cancel(): Promise<void> {
    await condition(() => this.isSettled());
    await Promise.all(this.open().map(({ workflowId, runId }) => settle(getExternalWorkflowHandle(workflowId, runId).cancel())));
    await condition(() => this.runs.size === 0);
  }

  private follow(run: OpenRun, input: PipelineRunInput): void {
    this.runs.set(run.workflowId, run);
    void CancellationScope.nonCancellable(async () => this.ended(run.workflowId, await this.child(run, input)));
  }

  private async child(run: OpenRun, input: PipelineRunInput): Promise<RunEnd> {
    const handle = await this.begin(run, input);
    if (!handle) return SKIPPED;
    const started = { ...run, runId: handle.firstExecutionRunId, trace: takeChildTrace(run.workflowId) };
    this.runs.set(run.workflowId, started);
    if (this.paused && !run.delivery) void this.signal(started);
    const end = await settle(handle.result());
    return end.ok ? succeededEnd(end.value) : failedEnd((end.failure as Error).cause);
  }

  /** Undefined when a run of that id is open already: somebody else runs the interval. */
  private async begin({ workflowId }: OpenRun, input: PipelineRunInput): Promise<ChildWorkflowHandle<typeof pipelineRun> | undefined> {
    try {
      return await startChild<typeof pipelineRun>('pipelineRun', {
        workflowId,
        args: [input],
        // Continue-as-new closes the parent too: any other policy would cancel what is open with every new execution.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        priority: { priorityKey: PRIORITY_KEY, fairnessKey: this.pipeline },
        typedSearchAttributes: [
          { key: SEARCH_ATTRIBUTES.pipeline, value: this.pipeline },
          { key: SEARCH_ATTRIBUTES.backfill, value: workflowInfo().workflowId },
        ],
      });
    } catch (error) {
      takeChildTrace(workflowId);
      if ((error as Error).name === 'WorkflowExecutionAlreadyStartedError') return undefined;
      throw error;
    }
  }

  /** Tells a run to pause or to go on, as the backfill stands now. One that closed meanwhile needs neither. */
  private async signal({ workflowId, runId }: OpenRun): Promise<void> {
    if (runId === '') return;
    this.signals += 1;
    const before = this.sending.get(workflowId);
    // Temporal may turn round two that are on their way, and a run would stay paused in a backfill that goes on.
    if (before && patched('signals-in-order')) await before;
    const handle = getExternalWorkflowHandle(workflowId, runId);
    const sent = CancellationScope.nonCancellable(() => settle(this.paused ? handle.signal(pauseSignal, { reason: this.paused.reason, by: this.paused.by }) : handle.signal(resumeSignal, {})));
    this.sending.set(workflowId, sent);
    await sent;
    if (this.sending.get(workflowId) === sent) this.sending.delete(workflowId);
    this.signals -= 1;
  }

  private async awaitAdopted(waiting: Set<string>): Promise<void> {
    while (waiting.size > 0) {
      const runs = this.open().filter(({ workflowId }) => waiting.has(workflowId)).map(({ workflowId, runId }) => ({ workflowId, runId }));
      for (const { workflowId, end } of await patient.awaitRuns({ runs })) {
        waiting.delete(workflowId);
        this.ended(workflowId, end);
      }
    }
  }

  private ended(workflowId: string, end: RunEnd): void {
    const run = this.runs.get(workflowId);
    this.runs.delete(workflowId);
    if (run) this.onEnd(run, end);
  }
}
