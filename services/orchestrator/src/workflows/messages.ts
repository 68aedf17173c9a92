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

/** Who put a hand on a run, backfill or stream, and why; everything may be left out. */
export interface HandInput {
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
  /** The same as `reason`, as people say it who approve. */
  readonly note?: string | undefined;
}

/** What a person may ask of an open run; a backfill takes the first three. */
export type HandWord = 'pause' | 'resume' | 'cancel' | 'retry' | 'approve';

/** What a person may ask of a stream. */
export type StreamWord = 'pause' | 'resume' | 'stop' | 'scale';

/** Input of a stream's `resume`. */
export interface StreamResumeInput extends HandInput {
  /** Go on at the start of the log where stored positions were removed from it. */
  readonly skipLost?: boolean | undefined;
}

/** Input of a stream's `scale`. */
export interface StreamScaleInput extends HandInput {
  /** Members of the consumer group, 1 to 64. */
  readonly consumers?: number | undefined;
}

/** The update of that name; it answers with where the run, backfill or stream then stands. */
export function handUpdate<View, Input extends HandInput = HandInput>(word: HandWord | StreamWord): ReturnType<typeof defineUpdate<View, [Input?]>> {
  return defineUpdate<View, [Input?]>(word);
}

/** The updates of these names without an answer: for the Temporal command line, and from a backfill to its runs. What cannot be done is ignored. */
export const pauseSignal = defineSignal<[HandInput?]>('pause');
export const resumeSignal = defineSignal<[StreamResumeInput?]>('resume');
export const stopSignal = defineSignal<[HandInput?]>('stop');
export const scaleSignal = defineSignal<[StreamScaleInput?]>('scale');

/** To `stream/<pipeline>`: a definition was applied. One that is not newer than what runs changes nothing. */
export const definitionApplied = defineSignal<[{ readonly version?: unknown }?]>('definitionApplied');

/** What a stream asks of its archive: to follow the topic; to catch up once and rest; to catch up once and end. */
export interface ArchiveAsk {
  readonly word: 'follow' | 'rest' | 'finish';
  readonly skipLost?: boolean | undefined;
}

/** To `archive/<pipeline>`, from its stream. */
export const archiveAsked = defineSignal<[ArchiveAsk?]>('archiveAsked');

/** What an archive tells its stream whenever it changes. */
export interface ArchiveReport {
  /** `behind`: by half of the topic's retention or more; `failing`: its last run failed; `lost`: what it would read next is no longer in the topic. */
  readonly state: 'following' | 'behind' | 'failing' | 'lost';
  readonly error?: ErrorFields | undefined;
}

/** To `stream/<pipeline>`, from its archive. */
export const archiveChanged = defineSignal<[ArchiveReport]>('archiveChanged');
