import { setHandler, type SignalDefinition } from '@temporalio/workflow';
import { WeirError, type ErrorFields } from '@weir/core';
import { toApplicationFailure } from './failure';
import { HAND_KEYS, handOf } from './hand';
import type { HandView } from './hand-state';
import { definitionApplied, handUpdate, pauseSignal, resumeSignal, scaleSignal, stopSignal, type HandInput, type StreamWord } from './messages';
import { readFlag, readObject } from './read-input';
import { BREAKER, type StreamProgress } from './stream-progress';
import { readConsumers, type StreamRequest } from './stream-request';

/** Why a stream rests: somebody or the breaker paused it, or it failed. */
export interface Hold {
  readonly state: 'paused' | 'failed';
  readonly hand: HandView;
}

/** What one execution of a stream hands to the next. */
export interface HandCarried {
  readonly hold?: Hold | undefined;
  /** As it was scaled to; absent where the request or the definition says. */
  readonly consumers?: number | undefined;
}

/** What a stream is and does when somebody takes it into their hands. */
interface Actions {
  view(): StreamProgress;
  /** Whether its archive waits for a person, who may then resume the stream though it runs. */
  archiveWaits(): boolean;
  resumeArchive(skipLost: boolean): void;
}

/** What was asked of a stream, checked. */
interface Ask {
  readonly hand: HandView;
  readonly skipLost: boolean;
  readonly consumers?: number | undefined;
}

/** The hand that people have on a stream: pause, resume, stop and scale, as updates that answer and as signals that do not; and definitions that they apply. */
export class StreamHand {
  private hold: Hold | undefined;
  private stopping: HandView | undefined;
  private consumers: number | undefined;
  private skipLost: boolean;
  private applied = 0;
  private closed = false;

  constructor({ consumers, skipLost = false }: StreamRequest, carried?: HandCarried) {
    this.hold = carried?.hold;
    this.consumers = carried ? carried.consumers : consumers;
    this.skipLost = skipLost && !carried;
  }

  /** Takes the updates and signals. Call it before the first await. */
  listen(actions: Actions): void {
    const signals: Readonly<Record<StreamWord, SignalDefinition<[HandInput?]>>> = { pause: pauseSignal, resume: resumeSignal, stop: stopSignal, scale: scaleSignal };
    for (const word of ['pause', 'resume', 'stop', 'scale'] as const) {
      const handler = (input?: HandInput): StreamProgress => {
        this.act(word, checked(word, input), actions);
        return actions.view();
      };
      const validator = (input?: HandInput): void => this.validate(word, input, actions);
      setHandler(handUpdate<StreamProgress>(word), handler, { validator });
      setHandler(signals[word], (input) => this.signalled(word, input, actions));
    }
    setHandler(definitionApplied, (input) => {
      const version = input?.version;
      if (typeof version === 'number') this.applied = Math.max(this.applied, version);
    });
  }

  isHeld(): boolean {
    return this.hold !== undefined;
  }

  holdState(): Hold['state'] | undefined {
    return this.hold?.state;
  }

  isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /** Who paused or stopped it. */
  view(): HandView | undefined {
    return this.stopping ?? (this.hold?.state === 'paused' ? this.hold.hand : undefined);
  }

  /** How many consumers people want; undefined where the definition says. */
  wanted(): number | undefined {
    return this.consumers;
  }

  /** Whether a newer definition than this was applied. */
  hasNewer(version: number): boolean {
    return this.applied > version;
  }

  /** The newest definition is about to be read: gives what tells, when it was, what was applied before. */
  reading(): () => void {
    const { applied } = this;
    return () => {
      // A version that nobody has must not be waited for again and again; one that was applied meanwhile may be newer than what was read.
      if (this.applied === applied) this.applied = 0;
    };
  }

  /** Whether the next start may go on past what was lost; the one after it asks anew. */
  takeSkipLost(): boolean {
    const { skipLost } = this;
    this.skipLost = false;
    return skipLost;
  }

  /** The stream cannot go on by itself. Gives what became of it; undefined when somebody was faster. */
  stop({ code, message }: ErrorFields): Hold['state'] | undefined {
    if (this.hold || this.stopping) return undefined;
    const broken = code === 'QUARANTINE_LIMIT';
    this.hold = { state: broken ? 'paused' : 'failed', hand: { since: new Date().toISOString(), reason: message, by: broken ? BREAKER : '' } };
    return this.hold.state;
  }

  /** From here on it only comes to its end. */
  close(): void {
    this.closed = true;
  }

  carried(): HandCarried {
    return { hold: this.hold, consumers: this.consumers };
  }

  private validate(word: StreamWord, input: HandInput | undefined, actions: Actions): void {
    const reason = this.whyNot(word, actions);
    if (reason) throw toApplicationFailure(new WeirError({ code: 'NOT_POSSIBLE', message: `The stream cannot ${WORDS[word]}: ${reason}`, fix: 'Look at its state with `weir streams show`.' }));
    checked(word, input);
  }

  private whyNot(word: StreamWord, actions: Actions): string | undefined {
    if (this.closed || this.stopping) return 'it is ending.';
    if (word === 'pause' && this.hold) return this.hold.state === 'paused' ? 'it is paused already.' : 'it has failed; resume or stop it.';
    if (word === 'resume' && !this.hold && !actions.archiveWaits()) return 'it is not paused.';
    return undefined;
  }

  private act(word: StreamWord, { hand, skipLost, consumers }: Ask, actions: Actions): void {
    if (word === 'pause') this.hold = { state: 'paused', hand };
    if (word === 'stop') this.stopping = hand;
    if (word === 'scale') this.consumers = consumers;
    if (word !== 'resume') return;
    if (this.hold) this.skipLost ||= skipLost;
    else actions.resumeArchive(skipLost);
    this.hold = undefined;
  }

  /** Nobody hears what is wrong with a signal: what cannot be done is ignored, and the word counts more than what is said with it. */
  private signalled(word: StreamWord, input: HandInput | undefined, actions: Actions): void {
    if (this.whyNot(word, actions)) return;
    const ask = understood(word, input) ?? understood(word, undefined);
    if (ask) this.act(word, ask, actions);
  }
}

const WORDS: Readonly<Record<StreamWord, string>> = { pause: 'be paused', resume: 'go on', stop: 'be stopped', scale: 'be scaled' };

const KEYS: Readonly<Record<StreamWord, readonly string[]>> = { pause: [], resume: ['skipLost'], stop: [], scale: ['consumers'] };

function checked(word: StreamWord, input: HandInput | undefined): Ask {
  try {
    return readAsk(word, input);
  } catch (error) {
    throw toApplicationFailure(error as WeirError);
  }
}

function understood(word: StreamWord, input: HandInput | undefined): Ask | undefined {
  try {
    return readAsk(word, input);
  } catch {
    return undefined;
  }
}

/** Throws MISSING_KEY, UNKNOWN_KEY or INVALID_VALUE. */
function readAsk(word: StreamWord, input: HandInput | undefined): Ask {
  const example = word === 'scale' ? 'Give an object such as {"consumers":4}.' : 'Give an object such as {"reason":"the warehouse is being moved","by":"ada"}, or nothing.';
  const fields = readObject(input ?? {}, 'the input', [...HAND_KEYS, ...KEYS[word]], example);
  const consumers = readConsumers(fields);
  if (word === 'scale' && consumers === undefined) throw new WeirError({ code: 'MISSING_KEY', message: 'The input has no `consumers`.', fix: example });
  return { hand: handOf(fields), skipLost: readFlag(fields, 'skipLost') ?? false, consumers };
}
