import { CancellationScope, ChildWorkflowCancellationType, ParentClosePolicy, condition, continueAsNew, defineQuery, executeChild, getExternalWorkflowHandle, isCancellation, log, proxyActivities, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { WeirError, formatInterval, type Interval } from '@weir/core';
import type { Activities } from '../activities';
import type { Alert } from '../activities/alert';
import type { ArchivePlan } from '../activities/plan-archive';
import { HEARTBEAT_TIMEOUT_MS, LIVE_PRIORITY } from './agreement';
import type { ArchiveProgress, ArchiveResult, ArchiveTally } from './archive-progress';
import { settle } from './ending';
import { endOf, errorOf, fieldsOf, toApplicationFailure } from './failure';
import { archiveAsked, archiveChanged, type ArchiveAsk, type ArchiveReport } from './messages';
import type { pipelineRun } from './pipeline-run';
import { readObject, readPipeline } from './read-input';
import type { ArchiveRunInput } from './request';
import { SEARCH_ATTRIBUTES } from './search-attributes';
import { unless } from './unless';

/** Looks at the topic that one execution takes: some twenty events each where there is something new. */
const MAX_TURNS = 100;

/** Behind by so much of what the topic keeps, records may soon be gone before they are archived. */
const BEHIND = 0.5;

/** A turn that failed is tried again after the definition's `refresh`, or this where a stream waits for it; doubled with every failure that follows, up to the longest. */
const FINISH_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 5 * 60_000;

/** Before the definition is known. */
const REFRESH_MS = 60_000;

/** Longer than the definition may let the archive wait, a day, and what the activity then waits for something new. */
const LOOK_MS = 2 * 24 * 3_600_000;

const looking = proxyActivities<Activities>({ startToCloseTimeout: LOOK_MS, heartbeatTimeout: HEARTBEAT_TIMEOUT_MS, retry: { maximumAttempts: 1 } });
const raising = proxyActivities<Activities>({ startToCloseTimeout: 60_000, retry: { initialInterval: 1_000, maximumInterval: 30_000 } });

const progressQuery = defineQuery<ArchiveProgress>('progress');

/** How a turn went. `idle`: nothing is left that was there when it began. */
type Turn = 'idle' | 'again' | 'failed';

/**
 * Follows the topic of a stream: whenever there is something new, an ordinary run brings it to the raw zone and, with it, models over intervals and history up to date.
 * Started by the stream that it belongs to, rests and ends with it. `carried` is only ever written by the workflow itself.
 */
export async function streamArchive(input: unknown, carried?: ArchiveTally): Promise<ArchiveResult> {
  return new Archive(checked(input), workflowInfo().continuedFromExecutionRunId === undefined ? undefined : carried).run();
}

function checked(input: unknown): string {
  const example = 'Give an object such as {"pipeline":"clicks"}.';
  try {
    return readPipeline(readObject(input, 'the input', ['pipeline'], example), example);
  } catch (error) {
    throw toApplicationFailure(error as WeirError);
  }
}

class Archive {
  private readonly root = CancellationScope.current();
  private tally: ArchiveTally;
  private asked: ArchiveAsk = { word: 'follow' };
  private skipLost = false;
  private lost = false;
  private resting = false;
  private refreshMs = REFRESH_MS;
  /** How long the next look waits; 0 for not at all, undefined for the first one. */
  private everyMs: number | undefined;
  private reported: ArchiveReport['state'];
  private shown: ArchiveProgress['state'] | undefined;

  constructor(
    private readonly pipeline: string,
    carried: ArchiveTally | undefined,
  ) {
    this.tally = carried ?? { lagOfRetention: 0, runs: 0, records: 0, failures: 0 };
    this.reported = this.state();
  }

  async run(): Promise<ArchiveResult> {
    setHandler(progressQuery, () => this.view());
    setHandler(archiveAsked, (ask) => {
      if (!ask) return;
      this.asked = ask;
      this.skipLost ||= ask.skipLost ?? false;
      if (ask.word === 'follow') this.lost = false;
    });
    for (let turns = 0; ; turns += 1) {
      const { asked } = this;
      this.showState();
      if (turns >= MAX_TURNS && asked.word === 'follow' && !this.skipLost) await continueAsNew<typeof streamArchive>({ pipeline: this.pipeline }, this.tally);
      if (asked.word === 'finish' && this.lost) return { caughtUp: false };
      const turn = await this.turn(asked);
      await this.report();
      if (asked.word === 'finish' && (turn === 'idle' || (turn === 'failed' && !this.isBusy()))) return { caughtUp: turn === 'idle' };
      await this.pause(turn, asked);
    }
  }

  /** Looks for something new and brings it to the archive. */
  private async turn(asked: ArchiveAsk): Promise<Turn> {
    const plan = await this.look(asked);
    if (typeof plan === 'string') return plan;
    await this.judge(plan.lagOfRetention);
    this.refreshMs = plan.refreshMs;
    this.everyMs = plan.more ? 0 : plan.refreshMs;
    const extended = plan.interval === undefined || plan.ranges.length === 0 || (await this.extend(plan, plan.interval));
    if (!extended) return 'failed';
    this.skipLost = false;
    return plan.more || asked.word === 'follow' ? 'again' : 'idle';
  }

  private async look(asked: ArchiveAsk): Promise<ArchivePlan | Turn> {
    const { pipeline, skipLost } = this;
    const everyMs = asked.word === 'follow' ? this.everyMs : 0;
    const end = await unless(() => this.asked !== asked, () => looking.planArchive({ pipeline, everyMs, skipLost }));
    if (end.ok) return end.value;
    if (isCancellation(end.failure) || endOf(end.failure).how === 'lost') return 'again';
    await this.failed(end.error);
    if (end.error.code === 'POSITION_LOST') {
      this.lost = true;
      await this.raise('archive-lost', end.error.message, end.error.code);
    }
    return 'failed';
  }

  /** One alert for each time that the archive falls behind. */
  private async judge(lagOfRetention: number): Promise<void> {
    const wasBehind = this.isBehind();
    this.tally = { ...this.tally, lagOfRetention };
    if (!wasBehind && this.isBehind()) await this.raise('archive-behind', `It is behind by ${Math.round(lagOfRetention * 100)} % of what the topic keeps.`);
  }

  /** Runs the run of a plan; whether it succeeded. */
  private async extend({ ranges }: ArchivePlan, interval: Interval): Promise<boolean> {
    const workflowId = `archive/${this.pipeline}/${formatInterval(interval).replace('/', '_')}`;
    const records = ranges.reduce((sum, [, from, to]) => sum + to - from, 0);
    const end = await settle(this.child(workflowId, { pipeline: this.pipeline, interval, ranges }));
    const lastRun = { ...interval, workflowId, records, endedAt: new Date().toISOString() };
    if (end.ok) {
      const { runs, records: before, lagOfRetention } = this.tally;
      this.tally = { lagOfRetention, runs: runs + 1, records: before + records, failures: 0, lastRun };
      return true;
    }
    if (this.root.consideredCancelled) throw end.failure;
    const error = errorOfRun(end.failure, workflowId);
    await this.failed(error);
    this.tally = { ...this.tally, lastRun: { ...lastRun, code: error.code } };
    return false;
  }

  private child(workflowId: string, input: ArchiveRunInput): Promise<unknown> {
    return executeChild<typeof pipelineRun>('pipelineRun', {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      // The archive has ended when its run has released what it held.
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      priority: { priorityKey: LIVE_PRIORITY, fairnessKey: this.pipeline },
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.pipeline, value: this.pipeline }],
    });
  }

  private async failed(error: WeirError): Promise<void> {
    this.tally = { ...this.tally, failures: this.tally.failures + 1, lastError: fieldsOf(error) };
    log.warn('A turn of an archive failed; it is tried again.', { pipeline: this.pipeline, code: error.code, reason: error.message });
  }

  private async raise(what: Alert['what'], reason: string, code?: string): Promise<void> {
    await raising.alert({ pipeline: this.pipeline, what, reason, code });
  }

  /** Waits as a turn that ended so wants it, or until something else is asked. */
  private async pause(turn: Turn, asked: ArchiveAsk): Promise<void> {
    const anew = () => this.asked !== asked;
    if (this.lost || (asked.word === 'rest' && turn !== 'again')) {
      this.resting = true;
      this.showState();
      // What is lost is lost also for a stream that rests.
      await condition(() => anew() && !(this.lost && this.asked.word === 'rest'));
      this.resting = false;
      this.everyMs = undefined;
    } else if (turn === 'failed') {
      this.everyMs = 0;
      const first = asked.word === 'follow' ? this.refreshMs : FINISH_RETRY_MS;
      await condition(anew, Math.min(first * 2 ** Math.min(this.tally.failures - 1, 10), Math.max(first, LONGEST_RETRY_MS)));
    }
  }

  /** Somebody holds the grains for a while: trying again makes sense also for a stream that waits for its end. */
  private isBusy(): boolean {
    return this.tally.lastError?.code === 'INTERVAL_BUSY';
  }

  private isBehind(): boolean {
    return this.tally.lagOfRetention >= BEHIND;
  }

  private state(): ArchiveReport['state'] {
    if (this.lost) return 'lost';
    if (this.tally.failures > 0) return 'failing';
    return this.isBehind() ? 'behind' : 'following';
  }

  private view(): ArchiveProgress {
    const state = this.state();
    const { word } = this.asked;
    return { pipeline: this.pipeline, ...this.tally, state: state === 'following' && word === 'finish' ? 'finishing' : state === 'following' && this.resting ? 'resting' : state };
  }

  private showState(): void {
    const { state } = this.view();
    if (state === this.shown) return;
    this.shown = state;
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.state, value: state }]);
  }

  /** Tells the stream what has changed. */
  private async report(): Promise<void> {
    const state = this.state();
    const { parent } = workflowInfo();
    if (state === this.reported || !parent) return;
    this.reported = state;
    // A stream that was terminated hears nothing any more; its archive is being cancelled.
    await settle(getExternalWorkflowHandle(parent.workflowId).signal(archiveChanged, { state, error: this.tally.lastError }));
  }
}

function errorOfRun(failure: unknown, workflowId: string): WeirError {
  const { name, cause } = failure as Error;
  if (name === 'WorkflowExecutionAlreadyStartedError') return new WeirError({ code: 'INTERVAL_BUSY', message: `The workflow ${workflowId} is at work already.` });
  return errorOf(cause);
}
