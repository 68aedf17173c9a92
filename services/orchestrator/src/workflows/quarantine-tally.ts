import type { PlannedReplay } from '../activities/plan-replay';
import type { RunEnd } from './run-end';

const MAX_FAILURES = 20;

/** A grain whose replay did not come to its end. */
export interface FailedGrain {
  readonly grain: string;
  readonly runId: string;
  /** Code of the run's error. */
  readonly code: string;
}

/** What a replay has behind it, as one execution hands it to the next. */
export interface ReplayTally {
  /** Open rows that were looked at. */
  readonly tried: number;
  /** Of them, those that the newest contract admits. */
  readonly landing: number;
  /** Of these, records that the archive of the stream does not have yet. */
  readonly waiting: number;
  /** Grains with such rows, and what became of their runs; `busy`: another run held the grain. */
  readonly grains: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly busy: number;
  readonly runs: number;
  /** Whether something was published that is left to deliver. */
  readonly undelivered: boolean;
  /** The newest 20, newest first. */
  readonly failures: readonly FailedGrain[];
}

export const NO_REPLAYS: ReplayTally = { tried: 0, landing: 0, waiting: 0, grains: 0, succeeded: 0, failed: 0, cancelled: 0, busy: 0, runs: 0, undelivered: false, failures: [] };

/** Adds a page of the plan. */
export function planned(tally: ReplayTally, { tried, landing, waiting, grains }: PlannedReplay): ReplayTally {
  return { ...tally, tried: tally.tried + tried, landing: tally.landing + landing, waiting: tally.waiting + waiting, grains: tally.grains + grains.length };
}

/** Adds the end of a grain's run. */
export function grainEnded(tally: ReplayTally, grain: string, runId: string, { how, code = '', undelivered }: RunEnd): ReplayTally {
  const word = how === 'skipped' ? 'busy' : how;
  const failures = how === 'failed' ? [{ grain, runId, code }, ...tally.failures].slice(0, MAX_FAILURES) : tally.failures;
  return { ...tally, [word]: tally[word] + 1, undelivered: tally.undelivered || undelivered, failures };
}
