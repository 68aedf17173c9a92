import { condition, setHandler } from '@temporalio/workflow';
import { WeirError } from '@weir/core';
import type { Hand } from './hand';
import { refreshDone, type RefreshReply } from './messages';
import { runStage, type StagePolicy } from './stage';
import { within, type BegunRun, type Steps } from './steps';

/** A refresh that was terminated never answers; asking again starts another one, and is ignored by one that is at work. */
const ASK_AGAIN_MS = 60_000;

/** A request is one call to Temporal, which is up if this workflow runs at all. */
const REQUEST_MS = 60_000;

/** A run's side of the refresh: asks for one that covers its snapshot and waits for the answer. */
export class RefreshWait {
  private readonly replies: RefreshReply[] = [];

  constructor() {
    setHandler(refreshDone, (reply) => {
      this.replies.push(reply);
    });
  }

  /** Gives the snapshot that holds the rebuilt history models; throws the refresh's error. */
  async wait(steps: Steps, { ref, policy }: BegunRun, snapshot: number): Promise<number> {
    await steps.hand.ready();
    const started = Date.now();
    const attempt = steps.progress.attempt('refresh');
    const reply = await this.answer(steps.hand, ref.pipeline, policy, snapshot);
    const counts = { rowsIn: 0, rowsOut: reply.rows ?? 0, rowsQuarantined: 0, milliseconds: Date.now() - started };
    const error = reply.error && new WeirError(reply.error);
    if (error) steps.progress.failed('refresh', error, false);
    else steps.progress.done('refresh', counts);
    await within(REQUEST_MS).recordRefresh({ run: ref, attempt, startedAt: new Date(started).toISOString(), counts, error: reply.error });
    if (error) throw error;
    return reply.snapshot ?? snapshot;
  }

  private async answer(hand: Hand, pipeline: string, policy: StagePolicy, snapshot: number): Promise<RefreshReply> {
    for (;;) {
      // `ready` in it: a paused run that hears nothing asks for no other refresh.
      await runStage({ ...policy, executionTimeoutMs: REQUEST_MS }, hand, ({ timeoutMs }) => within(timeoutMs).requestRefresh({ pipeline, snapshot }));
      await condition(() => this.covering(snapshot) !== undefined, ASK_AGAIN_MS);
      const reply = this.covering(snapshot);
      if (reply) return reply;
    }
  }

  private covering(snapshot: number): RefreshReply | undefined {
    return this.replies.find((reply) => reply.covers >= snapshot);
  }
}
