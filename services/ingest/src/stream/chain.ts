import { setTimeout as pause } from 'node:timers/promises';
import { WeirError, toWeirError } from '@weir/core';
import { Baton } from './baton';

/** A micro-batch on its way through the stages. */
export interface Link {
  /** Each does its stage; the next one begins when it has ended. */
  readonly stages: readonly (() => Promise<void>)[];
  /** Told of the end: after the last stage, or with the error that ended it on the way. */
  readonly ended: (error?: WeirError) => void;
}

/** Waits between attempts after an error that passes by itself. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
/** How often a stage is tried after an error that may pass. */
const COUNTED_ATTEMPTS = 3;

/**
 * Takes micro-batches through their stages in order: each stage has one at a time, so that while one is loaded the next is transformed and a third is validated.
 * An error that passes is waited for, in place; any other ends the chain, and what is behind is dropped.
 */
export class Chain {
  private readonly batons: readonly Baton[];
  private readonly ended = new AbortController();
  private open = 0;
  private idle: (() => void)[] = [];

  constructor(stages: number) {
    this.batons = Array.from({ length: stages }, () => new Baton());
  }

  /** Whether the first stage can take another one now. */
  get free(): boolean {
    return this.batons[0]?.free ?? false;
  }

  /** Resolves when the first stage is free. */
  async room(): Promise<void> {
    await this.batons[0]?.whenFree();
  }

  /** Aborts when an error or `end` ended the chain; its reason is the error. */
  get signal(): AbortSignal {
    return this.ended.signal;
  }

  /** Takes one in; the caller has waited for room. */
  start(link: Link): void {
    this.open += 1;
    void this.through(link)
      .then(
        () => link.ended(),
        (error: unknown) => {
          link.ended(toWeirError(error));
          this.end(toWeirError(error));
        },
      )
      .finally(() => {
        this.open -= 1;
        if (this.open === 0) for (const go of this.idle.splice(0)) go();
      });
  }

  /** Takes no more and begins no further stage; the stages that run end by themselves. */
  end(reason: unknown): void {
    this.ended.abort(reason);
  }

  /** Resolves when no stage runs any more, or after this time. */
  async drained(milliseconds: number): Promise<void> {
    if (this.open > 0) await Promise.race([new Promise<void>((resolve) => this.idle.push(resolve)), pause(milliseconds, undefined, { ref: false })]);
  }

  private async through({ stages }: Link): Promise<void> {
    let held: Baton | undefined;
    try {
      for (const [at, stage] of stages.entries()) {
        const next = this.batons[at];
        await next?.take();
        held?.give();
        held = next;
        if (this.ended.signal.aborted) throw new WeirError({ code: 'CANCELLED', message: 'What came before it was not committed.' });
        await this.patiently(stage);
      }
    } finally {
      held?.give();
    }
  }

  private async patiently(stage: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await stage();
      } catch (error) {
        const weir = toWeirError(error);
        if (weir.retry === 'never' || (weir.retry === 'counted' && attempt >= COUNTED_ATTEMPTS)) throw weir;
        const longest = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
        await pause(longest * (0.5 + Math.random() / 2), undefined, { signal: this.ended.signal }).catch(() => undefined);
        if (this.ended.signal.aborted) throw new WeirError({ code: 'CANCELLED', message: 'The stream was stopped while a stage was tried again.' }, { cause: error });
      }
    }
  }
}
