import { WeirError } from '@weir/core';

/** Calls that wait for a place; beyond it a caller is told to come back. */
const MAX_WAITING = 64;

/**
 * Lets at most `width` stage calls of a service run at a time, so that its memory and threads are those it was given (WEIR_MAX_STAGES).
 * Up to 64 more wait in order.
 */
export class StageGate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly width: number) {}

  /** Runs `body` when there is a place. Throws BUSY when the queue is full, CANCELLED when the signal aborts while it waits. */
  async run<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
    if (signal.aborted) throw cancelled();
    if (this.running < this.width) this.running += 1;
    else await this.wait(signal);
    try {
      return await body();
    } finally {
      // The place goes straight to the next in line, so that nobody can slip in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private wait(signal: AbortSignal): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) {
      throw new WeirError({ code: 'BUSY', message: `${this.running} stages run and ${this.waiting.length} wait.` });
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(enter), 1);
        reject(cancelled());
      };
      this.waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}

function cancelled(): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'Cancelled before a place was free.' });
}
