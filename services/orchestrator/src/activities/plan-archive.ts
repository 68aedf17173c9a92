import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError, type Interval } from '@weir/core';
import { withoutSpans } from '@weir/platform';
import { newestDefinition } from '@weir/rpc';
import { MAX_RANGES, type RangeNumbers } from '../workflows/request';
import { attemptStep, type Deps } from './attempt';
import { rangeNumbers } from './log-ranges';
import type { StageCall } from './stage-call';

export interface PlanArchiveInput {
  readonly pipeline: string;
  /** How long to wait before looking, and how often to look until there is something; 0 to look once, now; undefined for the first look, which comes soon. */
  readonly everyMs?: number | undefined;
  readonly skipLost: boolean;
}

/** What the next run of an archive takes. */
export interface ArchivePlan {
  /** Set where there are ranges. */
  readonly interval?: Interval | undefined;
  readonly ranges: readonly RangeNumbers[];
  readonly more: boolean;
  readonly lagOfRetention: number;
  /** How often the definition wants to look. */
  readonly refreshMs: number;
}

/** Head start of a stream that starts, or goes on, with much behind it: rows come before their archive, and both together would halve its pace. */
const FIRST_LOOK_MS = 5_000;

/** An answer that does not depend on how much there is to plan. */
const PLAN_MS = 30_000;

/** An activity that finds nothing ends after this: a topic that is idle writes a few events an hour. */
const PATIENCE_MS = 3_600_000;

/**
 * What of a topic the archive does not have yet; looks again and again until there is something, for an hour. Waiting here rather than in the workflow
 * leaves no history. Throws POSITION_LOST, PIPELINE_NOT_FOUND, and INVALID_VALUE for a pipeline that is not realtime.
 */
export function planArchive(deps: Deps) {
  return (input: PlanArchiveInput): Promise<ArchivePlan> => {
    const started = performance.now();
    return attemptStep('archive', { pipeline: input.pipeline }, async (call) => {
      let due = started + (input.everyMs ?? Math.min(FIRST_LOOK_MS, await refreshOf(deps, input.pipeline, call)));
      for (;;) {
        await sleep(Math.max(due - performance.now(), 0), undefined, { signal: call.options.signal });
        const plan = await withoutSpans(() => planOnce(deps, input, call));
        if (plan.ranges.length > 0 || input.everyMs === 0 || performance.now() - started > PATIENCE_MS) return plan;
        due = performance.now() + plan.refreshMs;
      }
    });
  };
}

async function planOnce(deps: Deps, { pipeline, skipLost }: PlanArchiveInput, call: StageCall): Promise<ArchivePlan> {
  const options = { ...call.options, timeoutMs: PLAN_MS };
  const refreshMs = await refreshOf(deps, pipeline, call);
  const { interval, ranges, more, lagOfRetention } = await deps.clients.ingest.planArchive({ pipeline, skipLost }, options);
  return { interval, ranges: ranges.slice(0, MAX_RANGES).map(rangeNumbers), more: more || ranges.length > MAX_RANGES, lagOfRetention, refreshMs };
}

async function refreshOf(deps: Deps, pipeline: string, call: StageCall): Promise<number> {
  const { stream } = await newestDefinition(deps.clients, pipeline, { ...call.options, timeoutMs: PLAN_MS });
  if (stream) return stream.refreshMs;
  throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${pipeline} is not of mode \`realtime\` any more; its topic is not archived.`, fix: 'Stop its stream.' });
}
