import { CancellationScope, condition, continueAsNew, defineQuery, isCancellation, setHandler, sleep, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { WHOLE, formatInterval, type WeirError } from '@weir/core';
import type { PlannedReplay, ReplayGrain } from '../activities/plan-replay';
import type { RecordedReplay, ReplayStatus } from '../activities/record-replay';
import type { TraceLink } from '../activities/trace-link';
import { settle, type Settled } from './ending';
import { toApplicationFailure } from './failure';
import { parseReplayInput, type ReplayRequest } from './quarantine-request';
import { replayRun } from './quarantine-run';
import { grainEnded, NO_REPLAYS, planned, type ReplayTally } from './quarantine-tally';
import { undelivered } from './run-end';
import { SEARCH_ATTRIBUTES } from './search-attributes';
import { UNATTENDED, runStage } from './stage';
import { within } from './steps';

/** Runs of a replay that are open at the same time. */
const PARALLELISM = 4;

/** Grains that one execution takes: each is some ten events of its history. */
const PAGE_GRAINS = 40;

/** A page is planned in seconds; a stream's archive may have to be waited for. */
const PLAN_MS = 10 * 60_000;
const RECORD_MS = 10 * 60_000;
const RETRY_MS = 30_000;

/** What a replay gives back. */
export interface ReplayResult extends Omit<ReplayTally, 'undelivered'> {
  readonly pipeline: string;
  readonly contractVersion: string;
  /** Open rows of the pipeline before and after. */
  readonly openBefore: number;
  readonly openAfter: number;
  /** Rows that its runs took. */
  readonly replayed: number;
  /** Of the audit. */
  readonly action: number;
}

/** Answer of the `progress` query. */
export interface ReplayProgress extends ReplayTally {
  readonly pipeline: string;
  readonly state: 'planning' | 'running' | 'delivering' | 'done';
  readonly ratePerMinute: number;
  /** Grains that are being replayed. */
  readonly open: readonly string[];
}

/** What one execution hands to the next. */
export interface CarriedReplay {
  readonly tally: ReplayTally;
  readonly cursor: string;
  /** When the rate allows the next start, milliseconds since 1970. */
  readonly nextStartAt: number;
  /** Of the execution. */
  readonly trace?: string | undefined;
}

const progressQuery = defineQuery<ReplayProgress>('progress');

/**
 * Replays quarantined rows: open rows are tried by the newest contract, and each grain in which one of them would land is run again from its raw segments, by an ordinary run of kind `replay`, a bounded number
 * at a time and a minute. Which rows landed the runs say themselves when they have published. Where nothing would land no run starts, so doing it twice changes nothing.
 * The input may come from anywhere; `carried` is only ever written by the workflow itself.
 */
export async function quarantineReplay(input: unknown, carried?: CarriedReplay): Promise<ReplayResult> {
  return new Replay(checked(input), workflowInfo().continuedFromExecutionRunId === undefined ? undefined : carried).run();
}

function checked(input: unknown): ReplayRequest {
  try {
    return parseReplayInput(input);
  } catch (error) {
    throw toApplicationFailure(error as WeirError);
  }
}

class Replay {
  private tally: ReplayTally;
  private cursor: string;
  private nextStartAt: number;
  private state: ReplayProgress['state'] = 'planning';
  private readonly open = new Set<string>();
  /** Ended, and not in the audit yet. */
  private ended: TraceLink[];
  /** Of this execution. */
  private trace: string | undefined;

  constructor(
    private readonly request: ReplayRequest,
    private readonly carried: CarriedReplay | undefined,
  ) {
    this.tally = carried?.tally ?? NO_REPLAYS;
    this.cursor = carried?.cursor ?? '';
    this.nextStartAt = carried?.nextStartAt ?? 0;
    this.ended = carried?.trace ? [{ trace: carried.trace }] : [];
  }

  async run(): Promise<ReplayResult> {
    setHandler(progressQuery, () => this.view());
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.pipeline, value: this.request.pipeline },
      { key: SEARCH_ATTRIBUTES.kind, value: 'replay' },
    ]);
    const end = await settle(this.work());
    if (end.ok && end.value === 'long') return continueAsNew<typeof quarantineReplay>(this.request, this.handOver());
    return CancellationScope.nonCancellable(() => this.close(end));
  }

  /** A page of grains, and what they published delivered when it is the last. */
  private async work(): Promise<'done' | 'long'> {
    if (!this.carried) await this.record('running');
    const plan = await this.plan();
    this.cursor = plan.cursor;
    this.tally = planned(this.tally, plan);
    this.state = 'running';
    await this.replayAll(plan.grains);
    if (this.cursor !== '') {
      await this.record('running');
      return 'long';
    }
    if (this.tally.undelivered) await this.deliver();
    return 'done';
  }

  private plan(): Promise<PlannedReplay> {
    const { request, cursor } = this;
    return runStage({ retries: 2, retryDelayMs: RETRY_MS, executionTimeoutMs: PLAN_MS }, UNATTENDED, ({ timeoutMs }) => within(timeoutMs).planReplay({ request, cursor, limit: PAGE_GRAINS }));
  }

  /** Starts a run for every grain in its turn, and waits until all have ended, also when it is cancelled. */
  private async replayAll(grains: readonly ReplayGrain[]): Promise<void> {
    const broken: unknown[] = [];
    const started = await settle(this.startAll(grains, broken));
    await CancellationScope.nonCancellable(() => condition(() => this.open.size === 0));
    if (!started.ok) throw started.failure;
    if (broken.length > 0) throw broken[0];
  }

  private async startAll(grains: readonly ReplayGrain[], broken: unknown[]): Promise<void> {
    for (const grain of grains) {
      await condition(() => this.open.size < PARALLELISM);
      const wait = this.nextStartAt - Date.now();
      if (wait > 0) await sleep(wait);
      if (broken.length > 0) return;
      this.nextStartAt = Math.max(Date.now(), this.nextStartAt) + 60_000 / this.request.ratePerMinute;
      this.open.add(grain.partition);
      void settle(this.replay(grain)).then((end) => {
        this.open.delete(grain.partition);
        if (!end.ok) broken.push(end.failure);
      });
    }
  }

  private async replay({ partition, interval, retryOf }: ReplayGrain): Promise<void> {
    const { pipeline } = this.request;
    const name = interval ? formatInterval(interval).replace('/', '_') : WHOLE;
    const { runId, trace, end } = await replayRun({ name, pipeline, interval, from: 'raw', retryOf }, () => (this.tally = { ...this.tally, runs: this.tally.runs + 1 }));
    this.tally = grainEnded(this.tally, partition, runId, end);
    if (runId !== '') this.ended.push({ trace: trace ?? '', runId });
  }

  /** Brings history models and destinations to what the runs published. */
  private async deliver(): Promise<void> {
    this.state = 'delivering';
    const name = 'delivery';
    const { pipeline } = this.request;
    const { end } = await replayRun({ name, pipeline, from: 'delivery' }, () => undefined);
    if (end.how !== 'succeeded') throw undelivered({ workflowId: `replay/${pipeline}/${name}` }, end);
    this.tally = { ...this.tally, undelivered: false };
  }

  private async close(end: Settled<unknown>): Promise<ReplayResult> {
    const cancelled = !end.ok && isCancellation(end.failure);
    const recorded = await settle(this.record(end.ok ? 'done' : cancelled ? 'cancelled' : 'failed'));
    this.state = 'done';
    if (!end.ok) throw cancelled ? end.failure : toApplicationFailure(end.error);
    if (!recorded.ok) throw toApplicationFailure(recorded.error);
    const { undelivered: _, ...tally } = this.tally;
    const { contractVersion, openBefore, openAfter, replayed, action } = recorded.value;
    return { pipeline: this.request.pipeline, ...tally, contractVersion, openBefore, openAfter, replayed, action };
  }

  private async record(status: ReplayStatus): Promise<RecordedReplay> {
    const { request, ended } = this;
    this.ended = [];
    const { firstExecutionRunId: executionId, workflowId } = workflowInfo();
    const input = { request, workflowId, executionId, status, runs: this.tally.runs, ended };
    const recorded = await runStage({ retries: 5, retryDelayMs: RETRY_MS, executionTimeoutMs: RECORD_MS }, UNATTENDED, ({ timeoutMs }) => within(timeoutMs).recordReplay(input));
    this.trace = recorded.trace;
    return recorded;
  }

  private handOver(): CarriedReplay {
    const { tally, cursor, nextStartAt, trace } = this;
    return { tally, cursor, nextStartAt, trace };
  }

  private view(): ReplayProgress {
    const { request, tally, state, open } = this;
    return { ...tally, pipeline: request.pipeline, state, ratePerMinute: request.ratePerMinute, open: [...open] };
  }
}
