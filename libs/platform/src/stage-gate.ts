import { WeirError } from '@weir/core';

/** Calls that wait for a place; beyond it a caller is told to come back. */
const MAX_WAITING = 64;

interface Waiting {
  readonly places: number;
  readonly enter: () => void;
}

/**
 * Lets stage calls of a service share `width` places (WEIR_MAX_STAGES), so that its memory and threads are those it was given.
 * A large call may take several places. Up to 64 more wait, strictly in order: a large one is not overtaken by small ones for ever.
 */
export class StageGate {
  private taken = 0;
  private readonly queue: Waiting[] = [];

  constructor(readonly width: number) {}

  /** Runs `body` when its places are free; more places than there are count as all. Throws BUSY when the queue is full, CANCELLED when the signal aborts while it waits. */
  async run<T>(signal: AbortSignal, body: () => Promise<T>, places = 1): Promise<T> {
    if (signal.aborted) throw cancelled();
    const wanted = Math.min(places, this.width);
    if (this.queue.length === 0 && this.taken + wanted <= this.width) this.taken += wanted;
    else await this.wait(signal, wanted);
    try {
      return await body();
    } finally {
      this.taken -= wanted;
      this.admit();
    }
  }

  private wait(signal: AbortSignal, places: number): Promise<void> {
    if (this.queue.length >= MAX_WAITING) {
      throw new WeirError({ code: 'BUSY', message: `${this.taken} places are taken and ${this.queue.length} calls wait.` });
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const waiting = { places, enter };
      const leave = (): void => {
        this.queue.splice(this.queue.indexOf(waiting), 1);
        reject(cancelled());
        this.admit();
      };
      this.queue.push(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Takes the places for the next in line at once, so that nobody can slip in between. */
  private admit(): void {
    for (let next = this.queue[0]; next && this.taken + next.places <= this.width; next = this.queue[0]) {
      this.queue.shift();
      this.taken += next.places;
      next.enter();
    }
  }
}

function cancelled(): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'Cancelled before a place was free.' });
}
