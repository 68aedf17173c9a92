import { defineQuery, defineSignal } from '@temporalio/workflow';
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
