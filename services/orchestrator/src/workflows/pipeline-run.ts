import { isCancellation, setHandler, setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import { WeirError } from '@weir/core';
import type { Accounts, SegmentSet } from '../activities/shapes';
import { asRun, settle } from './ending';
import { Hand } from './hand';
import { progressQuery } from './messages';
import { Progress } from './progress';
import { RefreshWait } from './refresh-wait';
import { parseRunInput, type RunRequest } from './request';
import { SCHEDULED_START } from './search-attributes';
import type { BegunRun, Steps } from './steps';

/** What a successful run gives back; counts only. */
export interface RunResult {
  readonly runId: string;
  readonly pipeline: string;
  /** The snapshot that it published, or delivered. */
  readonly snapshot: number;
  /** Absent for a delivery, and where nothing but raw was published: neither judges or reads anything. */
  readonly verdict?: string | undefined;
  readonly accounts?: Accounts | undefined;
  /** Whether history models and destinations have all of it; a run of a backfill leaves the former to the backfill. */
  readonly delivered: boolean;
}

/**
 * One batch run: begin → extract → validate → transform → audit → publish → refresh → load → finish.
 * Until publish a failure changes nothing anywhere; after it the way is only forward, and what could not be delivered
 * makes the run DELIVERY_FAILED. The input may come from anywhere and is checked before the first step.
 * A run that repeats another may begin at validate, from the same raw segments, or only deliver. Of a realtime pipeline a run begins with the archive's raw segments,
 * save for those that extend the archive: they extract ranges of the topic, and publish nothing else where the stream keeps all tables.
 */
export async function pipelineRun(input: unknown): Promise<RunResult> {
  const progress = new Progress();
  setHandler(progressQuery, () => progress.view());
  const hand = new Hand(progress);
  hand.listen();
  const refreshed = new RefreshWait();
  return asRun(hand, progress, async (steps) => {
    const request = parseRunInput(input);
    const run = await steps.begin({ ...request, scheduledFor: scheduledFor(request) });
    const { runId, pipeline } = run.ref;
    if (request.from === 'delivery') {
      progress.published(run.begun.snapshot);
      await deliver(steps, run, run.begun.snapshot, refreshed);
      return { runId, pipeline, snapshot: run.begun.snapshot, delivered: true };
    }
    const raw = await rawOf(steps, run, request);
    const staged = run.begun.rawOnly ? { sets: [raw] } : await stageData(steps, run, raw);
    if (staged.verdict === 'warning' && run.begun.approvalOnWarning) await hand.approval();
    const snapshot = await publish(steps, run, staged.sets, request.ranges);
    if (!run.begun.rawOnly) await deliver(steps, run, snapshot, refreshed);
    return { runId, pipeline, snapshot, verdict: staged.verdict, accounts: staged.accounts, delivered: !leavesRefresh(run) };
  });
}

// A run ends on the code it began with, where workers have versions; a server refuses a behaviour from those that have none.
setWorkflowOptions(() => (workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior: 'PINNED' } : {}), pipelineRun);

/** The time that a schedule started this run for; its interval follows from it. A run that was asked for by hand as scheduled counts from its start. */
function scheduledFor({ kind, interval }: RunRequest): string | undefined {
  if (kind !== 'scheduled' || interval) return undefined;
  const { startTime, typedSearchAttributes } = workflowInfo();
  return (typedSearchAttributes.get(SCHEDULED_START) ?? startTime).toISOString();
}

/** Everything a run has ready for publishing, and how it was judged. */
interface Staged {
  readonly sets: SegmentSet[];
  readonly verdict?: string;
  readonly accounts?: Accounts;
}

async function stageData(steps: Steps, run: BegunRun, raw: SegmentSet): Promise<Staged> {
  const { progress } = steps;
  const { ref, begun, policy } = run;
  const validated = await steps.step('validate', policy, (a, attempt) => a.validate({ run: ref, attempt, raw }));
  progress.judged(validated.judgement);
  const sets = [raw, validated.bronze];
  if (begun.hasIntervalModels) {
    const { staged } = await steps.step('transform', policy, (a, attempt) => a.transform({ run: ref, attempt, scope: 'interval', bronze: validated.bronze, upstream: begun.upstream }));
    const audited = await steps.step('audit', policy, (a, attempt) => a.audit({ run: ref, attempt, staged }));
    progress.judged(audited.judgement);
    sets.push(staged);
  }
  return { sets, verdict: progress.view().verdict ?? 'passed', accounts: validated.accounts };
}

/** The raw segments that the run begins with: pinned ones, or what it extracts. */
async function rawOf(steps: Steps, run: BegunRun, { from, ranges }: RunRequest): Promise<SegmentSet> {
  const { raw, topic } = run.begun;
  if (raw) return raw;
  if (from === 'raw' || (topic && !ranges)) throw new WeirError({ code: 'RAW_EXPIRED', message: 'Metadata gave no raw segments for a run that begins with them.' });
  return extract(steps, run, ranges);
}

async function extract(steps: Steps, { ref, policy }: BegunRun, ranges: RunRequest['ranges']): Promise<SegmentSet> {
  // Extract gets half of the stage's time: 30 min of the default hour.
  const half = { ...policy, executionTimeoutMs: policy.executionTimeoutMs / 2 };
  const { raw } = await steps.step('extract', half, (a, attempt) => a.extract({ run: ref, attempt, ranges }));
  return raw;
}

/** Publishes what was staged in one catalog transaction, and moves the archive past the ranges; repeating it gives the same snapshot. Gives that snapshot. */
export async function publish(steps: Steps, { ref, begun, policy }: BegunRun, staged: SegmentSet[], ranges?: RunRequest['ranges']): Promise<number> {
  const archived = ranges && { topic: begun.topic, ranges };
  const { snapshot } = await steps.step('publish', policy, (a, attempt) => a.publish({ run: ref, attempt, staged, fence: begun.fence, archived }));
  steps.progress.published(snapshot);
  return snapshot;
}

/** History models, then every destination. What fails does not stop the rest; the first error is thrown when all else is done. */
async function deliver(steps: Steps, run: BegunRun, published: number, refreshed: RefreshWait): Promise<void> {
  const errors: WeirError[] = [];
  let target = published;
  if (run.begun.hasHistoryModels && !leavesRefresh(run)) {
    const refresh = await reached(refreshed.wait(steps, run, published));
    if (typeof refresh === 'number') target = Math.max(target, refresh);
    else errors.push(refresh);
  }
  const destinations = Array.from({ length: run.begun.destinations }, (_, index) => index);
  const loads = await Promise.all(destinations.map((destination) => reached(load(steps, run, destination, target))));
  errors.push(...loads.filter((end) => typeof end !== 'number'));
  const first = errors[0];
  if (first) throw first;
}

/** Whether history models are left to the backfill that the run belongs to. */
function leavesRefresh({ begun, background }: BegunRun): boolean {
  return begun.hasHistoryModels && background;
}

async function load(steps: Steps, { ref, policy, restates: restate }: BegunRun, destination: number, snapshot: number): Promise<number> {
  await steps.step('load', policy, (a, attempt) => a.load({ run: ref, attempt, destination, snapshot, restate }));
  return snapshot;
}

/** The snapshot reached, or why not. A cancellation is nobody's failure and ends the run. */
async function reached(delivery: Promise<number>): Promise<number | WeirError> {
  const end = await settle(delivery);
  if (end.ok) return end.value;
  if (isCancellation(end.failure)) throw end.failure;
  return end.error;
}
