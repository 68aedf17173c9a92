import { CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { WeirError } from '@weir/core';
import { toApplicationFailure } from './failure';
import type { HandState, HandView } from './hand-state';
import { handUpdate, pauseSignal, resumeSignal, type HandInput, type HandWord } from './messages';
import type { Progress, RunProgress } from './progress';
import { readObject, readText } from './read-input';
import { stopSelf } from './stop-self';

/** How long a run waits for its approval. */
const APPROVAL_MS = 7 * 24 * 3_600_000;

/** A wait between attempts that the update `retry` ends early. */
interface Delay {
  over: boolean;
}

/**
 * The hand that people have on an open run: pause, resume, cancel, retry, approve. It is asked before every stage attempt.
 * A pause keeps the run's lease and lets the attempt at work go on; no clock runs between attempts, so a pause costs no stage its time.
 */
export class Hand {
  private readonly delays = new Set<Delay>();
  private closed = false;

  constructor(private readonly progress: Progress) {}

  private get hands(): HandState {
    return this.progress.hands;
  }

  /** Takes the updates and signals of a run. Call it before the first await. */
  listen(): void {
    this.take('pause', () => this.whyNotPaused(), (hand) => this.hands.pause(hand));
    this.take('resume', () => (this.hands.isPaused() ? undefined : 'it is not paused.'), () => this.hands.resume());
    this.take('retry', () => this.whyNotRetried(), () => this.delays.forEach((delay) => (delay.over = true)));
    this.take('approve', () => (this.hands.awaitsApproval() ? undefined : 'it does not wait for an approval.'), (hand) => this.hands.approve(hand));
    this.take('cancel', () => (this.hands.cancelledBy() ? 'it is being cancelled already.' : undefined), (hand) => this.cancel(hand));
    setHandler(pauseSignal, (input) => {
      if (!this.closed && !this.whyNotPaused()) this.hands.pause(readHandSignal(input));
    });
    setHandler(resumeSignal, () => {
      if (!this.closed) this.hands.resume();
    });
  }

  /** Waits while the run is paused. */
  async ready(): Promise<void> {
    if (this.hands.isPaused()) await condition(() => !this.hands.isPaused());
  }

  /** Waits before another attempt; `retry` ends the wait, a pause outlasts it. */
  async delay(milliseconds: number): Promise<void> {
    const delay: Delay = { over: false };
    this.delays.add(delay);
    try {
      await condition(() => delay.over, milliseconds);
    } finally {
      this.delays.delete(delay);
    }
  }

  /** Waits until somebody approves; throws APPROVAL_EXPIRED when nobody does within seven days. */
  async approval(): Promise<void> {
    this.hands.askApproval();
    const given = await condition(() => !this.hands.awaitsApproval(), APPROVAL_MS);
    if (!given) throw new WeirError({ code: 'APPROVAL_EXPIRED', message: 'The verdict is a warning, and nobody approved the run within 7 days.' });
  }

  /** From here on the run only records its end: there is nothing left to put a hand on. */
  close(): void {
    this.closed = true;
    this.hands.close();
  }

  private take(word: HandWord, whyNot: () => string | undefined, act: (hand: HandView) => void | Promise<void>): void {
    const validator = (input?: HandInput): void => {
      const reason = this.closed ? 'it is ending.' : whyNot();
      if (reason) throw toApplicationFailure(new WeirError({ code: 'NOT_POSSIBLE', message: `The run cannot ${WORDS[word]}: ${reason}` }));
      readHand(input);
    };
    const handler = async (input?: HandInput): Promise<RunProgress> => {
      await act(readHand(input));
      return this.progress.view();
    };
    setHandler(handUpdate<RunProgress>(word), handler, { validator });
  }

  private whyNotPaused(): string | undefined {
    if (this.hands.cancelledBy()) return 'it is being cancelled.';
    return this.hands.isPaused() ? 'it is paused already.' : undefined;
  }

  private whyNotRetried(): string | undefined {
    if (this.hands.isPaused()) return 'it is paused; resume it.';
    return this.delays.size === 0 ? 'no stage waits for its next attempt.' : undefined;
  }

  /** Only a cancellation that Temporal knows of ends a workflow as cancelled, so the run asks for its own. */
  private async cancel(hand: HandView): Promise<void> {
    this.hands.cancel(hand);
    await CancellationScope.nonCancellable(() => stopSelf());
  }
}

const WORDS: Readonly<Record<HandWord, string>> = { pause: 'be paused', resume: 'go on', cancel: 'be cancelled', retry: 'try again', approve: 'be approved' };

const EXAMPLE = 'Give an object such as {"reason":"the source is being repaired","by":"ada"}, or nothing.';

/** What an update says; throws INVALID_VALUE or UNKNOWN_KEY as the failure that rejects it. */
export function readHand(input: unknown): HandView {
  try {
    return handOf(readObject(input ?? {}, 'the input', HAND_KEYS, EXAMPLE));
  } catch (error) {
    throw toApplicationFailure(error as WeirError);
  }
}

/** The keys with which every update may say who asks for it and why. */
export const HAND_KEYS = ['reason', 'by', 'note'] as const;

/** The hand that such keys describe. Throws INVALID_VALUE. */
export function handOf(fields: Record<string, unknown>): HandView {
  return { since: new Date().toISOString(), reason: readText(fields, 'reason') ?? readText(fields, 'note') ?? '', by: readText(fields, 'by') ?? '' };
}

/** What a signal says: nobody hears what is wrong with it, and the hand counts more than the reason. */
export function readHandSignal(input: unknown): HandView {
  try {
    return readHand(input);
  } catch {
    return { since: new Date().toISOString(), reason: '', by: '' };
  }
}
