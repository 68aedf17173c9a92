import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ErrorFields } from '@weir/core';
import type { RefreshRequest } from './request';
import type { RunProgress } from './progress';

/** Answer of a refresh to a run that waits for it. */
export interface RefreshReply {
  /** Everything published up to this snapshot is in the history models, or could not be brought there. */
  readonly covers: number;
  /** The snapshot that holds the rebuilt models; absent after a failure. */
  readonly snapshot?: number | undefined;
  readonly rows?: number | undefined;
  readonly error?: ErrorFields | undefined;
}

/** Where a run or refresh stands. */
export const progressQuery = defineQuery<RunProgress>('progress');

/** To `refresh/<pipeline>`: a run published and waits. Repeating it changes nothing. */
export const refreshRequested = defineSignal<[RefreshRequest]>('refreshRequested');

/** To a waiting run: a refresh ended. */
export const refreshDone = defineSignal<[RefreshReply]>('refreshDone');

/** Who put a hand on a run or backfill, and why; everything may be left out. */
export interface HandInput {
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
  /** The same as `reason`, as people say it who approve. */
  readonly note?: string | undefined;
}

/** What a person may ask of an open run; a backfill takes the first three. */
export type HandWord = 'pause' | 'resume' | 'cancel' | 'retry' | 'approve';

/** The update of that name; it answers with where the run or backfill then stands. */
export function handUpdate<View>(word: HandWord): ReturnType<typeof defineUpdate<View, [HandInput?]>> {
  return defineUpdate<View, [HandInput?]>(word);
}

/** The updates `pause` and `resume` without an answer: for the Temporal command line, and from a backfill to its runs. What cannot be done is ignored. */
export const pauseSignal = defineSignal<[HandInput?]>('pause');
export const resumeSignal = defineSignal<[HandInput?]>('resume');
