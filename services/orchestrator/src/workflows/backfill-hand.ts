import { CancellationScope, setHandler } from '@temporalio/workflow';
import { WeirError } from '@weir/core';
import { toApplicationFailure } from './failure';
import { readHand, readHandSignal } from './hand';
import type { HandView } from './hand-state';
import { handUpdate, pauseSignal, resumeSignal, type HandInput } from './messages';
import type { BackfillProgress } from './backfill-progress';
import { stopSelf } from './stop-self';

/** What a backfill does when somebody takes it into their hands. */
interface Actions {
  view(): BackfillProgress;
  paused(hand: HandView): void;
  resumed(): void;
}

/** The hand that people have on a backfill: pause, resume and cancel, as updates that answer and as signals that do not. */
export class BackfillHand {
  private ending = false;
  private cancelling: HandView | undefined;

  /** `hand`: who paused it, where the execution before was paused. */
  constructor(private hand?: HandView) {}

  /** Takes the updates and signals. Call it before the first await. */
  listen(actions: Actions): void {
    const pause = (hand: HandView) => actions.paused((this.hand = hand));
    const resume = () => {
      this.hand = undefined;
      actions.resumed();
    };
    this.take('pause', actions, () => (this.hand ? 'it is paused already.' : undefined), pause);
    this.take('resume', actions, () => (this.hand ? undefined : 'it is not paused.'), resume);
    this.take('cancel', actions, () => undefined, (hand) => this.cancel(hand));
    setHandler(pauseSignal, (input) => {
      if (!this.hand && !this.isEnding()) pause(readHandSignal(input));
    });
    setHandler(resumeSignal, () => {
      if (this.hand && !this.isEnding()) resume();
    });
  }

  paused(): HandView | undefined {
    return this.hand;
  }

  /** Who paused or cancelled it. */
  view(): HandView | undefined {
    return this.cancelling ?? this.hand;
  }

  /** From here on it only comes to its end. */
  close(): void {
    this.ending = true;
  }

  isEnding(): boolean {
    return this.ending || this.cancelling !== undefined;
  }

  private take(word: 'pause' | 'resume' | 'cancel', actions: Actions, whyNot: () => string | undefined, act: (hand: HandView) => void | Promise<void>): void {
    const validator = (input?: HandInput): void => {
      const reason = this.isEnding() ? 'it is ending.' : whyNot();
      if (reason) throw toApplicationFailure(new WeirError({ code: 'NOT_POSSIBLE', message: `The backfill cannot ${WORDS[word]}: ${reason}` }));
      readHand(input);
    };
    const handler = async (input?: HandInput): Promise<BackfillProgress> => {
      await act(readHand(input));
      return actions.view();
    };
    setHandler(handUpdate<BackfillProgress>(word), handler, { validator });
  }

  /** Only a cancellation that Temporal knows of ends a workflow as cancelled, so the backfill asks for its own. */
  private async cancel(hand: HandView): Promise<void> {
    this.cancelling = hand;
    await CancellationScope.nonCancellable(() => stopSelf());
  }
}

const WORDS = { pause: 'be paused', resume: 'go on', cancel: 'be cancelled' } as const;
