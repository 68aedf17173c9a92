import { upsertSearchAttributes } from '@temporalio/workflow';
import { formatInterval, type Interval, type WeirError } from '@weir/core';
import type { Judgement, StageCounts } from '../activities/shapes';
import { HandState, type HandView, type RunState } from './hand-state';
import { SEARCH_ATTRIBUTES } from './search-attributes';

/** Which run it is. */
export interface Subject {
  readonly pipeline: string;
  readonly interval?: Interval | undefined;
  readonly kind: string;
  readonly backfill?: string | undefined;
}

/** A stage as the `progress` query shows it. */
export interface StageProgress {
  readonly stage: string;
  readonly state: 'running' | 'waiting' | 'done' | 'failed';
  readonly attempts: number;
  /** RFC 3339; of the first attempt. */
  readonly startedAt: string;
  readonly counts?: StageCounts | undefined;
  /** Code of the last failure, also while a retry waits. */
  readonly code?: string | undefined;
}

/** Answer of the `progress` query, and of every update. */
export interface RunProgress {
  readonly pipeline: string;
  readonly interval?: Interval | undefined;
  readonly kind: string;
  /** The newest stage; empty before the first one. */
  readonly stage: string;
  /** In order of their start. */
  readonly stages: readonly StageProgress[];
  readonly verdict?: string | undefined;
  /** The snapshot that this run published, or delivers. */
  readonly snapshot?: number | undefined;
  readonly state: RunState;
  /** Who paused or cancelled the run, while that holds. */
  readonly hand?: HandView | undefined;
  /** Who approved it. */
  readonly approval?: HandView | undefined;
}

interface MutableStage {
  stage: string;
  state: StageProgress['state'];
  attempts: number;
  startedAt: string;
  counts?: StageCounts;
  code?: string;
}

/** What the run has done so far: feeds the `progress` query and the search attributes, and numbers stage attempts. */
export class Progress {
  readonly hands = new HandState();
  private readonly stages: MutableStage[] = [];
  private pipeline = '';
  private interval: Interval | undefined;
  private kind = '';
  private ofBackfill = false;
  private verdict: Judgement['verdict'] | undefined;
  private snapshot: number | undefined;

  view(): RunProgress {
    const { pipeline, interval, kind, verdict, snapshot } = this;
    const stages = this.stages.map((stage) => ({ ...stage }));
    return { pipeline, interval, kind, verdict, snapshot, stage: stages.at(-1)?.stage ?? '', stages, ...this.hands.view() };
  }

  begun({ pipeline, interval, kind, backfill }: Subject): void {
    Object.assign(this, { pipeline, interval, kind, ofBackfill: backfill !== undefined });
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.pipeline, value: pipeline },
      { key: SEARCH_ATTRIBUTES.interval, value: formatInterval(interval) },
      { key: SEARCH_ATTRIBUTES.kind, value: kind },
      { key: SEARCH_ATTRIBUTES.state, value: this.hands.state() },
      { key: SEARCH_ATTRIBUTES.backfill, value: backfill ?? 'none' },
    ]);
  }

  /** The interval that the run works on; of a scheduled run it is known only now. */
  took(interval: Interval | undefined): void {
    if (formatInterval(interval) === formatInterval(this.interval)) return;
    this.interval = interval;
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.interval, value: formatInterval(interval) }]);
  }

  /** Starts an attempt and gives its number, from 1. */
  attempt(stage: string): number {
    let entry = this.stages.find((one) => one.stage === stage);
    if (!entry) {
      entry = { stage, state: 'running', attempts: 0, startedAt: new Date().toISOString() };
      this.stages.push(entry);
      if (!this.ofBackfill) this.showStage(stage);
    }
    entry.state = 'running';
    entry.attempts += 1;
    return entry.attempts;
  }

  done(stage: string, counts: StageCounts): void {
    this.change(stage, (entry) => Object.assign(entry, { state: 'done', counts: added(entry.counts, counts), code: undefined }));
  }

  failed(stage: string, error: WeirError, retrying: boolean): void {
    if (this.ofBackfill) this.showStage(stage);
    this.change(stage, (entry) => Object.assign(entry, { state: retrying ? 'waiting' : 'failed', code: error.code }));
  }

  /** The worst verdict of the run's judging stages counts. */
  judged(judgement: Judgement): void {
    if (this.verdict !== undefined && RANK[this.verdict] >= RANK[judgement.verdict]) return;
    this.verdict = judgement.verdict;
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.verdict, value: judgement.verdict }]);
  }

  /** From here on what fails is a delivery. */
  published(snapshot: number): void {
    this.snapshot = snapshot;
  }

  /** Of the thousands of runs of a backfill people look for those that stopped somewhere; indexing every step of all the others would cost a tenth of Temporal's work. */
  private showStage(stage: string): void {
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.stage, value: stage }]);
  }

  private change(stage: string, change: (entry: MutableStage) => void): void {
    const entry = this.stages.find((one) => one.stage === stage);
    if (entry) change(entry);
  }
}

const RANK: Record<Judgement['verdict'], number> = { passed: 0, warning: 1, failed: 2 };

/** Destinations load side by side under one stage: their rows add up, their time is the longest. */
function added(before: StageCounts | undefined, now: StageCounts): StageCounts {
  if (!before) return now;
  return {
    rowsIn: before.rowsIn + now.rowsIn,
    rowsOut: before.rowsOut + now.rowsOut,
    rowsQuarantined: before.rowsQuarantined + now.rowsQuarantined,
    milliseconds: Math.max(before.milliseconds, now.milliseconds),
  };
}
