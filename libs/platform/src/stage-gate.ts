import { WeirError } from '@weir/core';

/** Calls that wait for a place; beyond it a caller is told to come back. */
const MAX_WAITING = 64;
/** Background calls among them: the rest of the queue is kept for live ones. */
const MAX_BACKGROUND = 48;

/** A background call that has waited this long goes next, whoever else waits. */
const PATIENCE_MS = 20_000;

/** What a call wants of the gate. */
export interface GateOptions {
  /** More than there are count as all; 1 by default. */
  readonly places?: number;
  /** Work of a backfill, which live calls go before. */
  readonly background?: boolean;
}

interface Call {
  readonly places: number;
  readonly background: boolean;
  readonly since: number;
}

interface Waiting extends Call {
  readonly enter: () => void;
}

/**
 * Lets stage calls of a service share `width` places (WEIR_MAX_STAGES), so that its memory and threads are those it was given.
 * A large call may take several places. Up to 64 more wait, 48 of them in the background. Live calls go before background ones, and each kind
 * strictly in order: a large call is not overtaken by small ones for ever. A background call that has waited 20 s goes next,
 * though never two of them before the same live call. Background calls leave one place free, so that a live one need not wait for minutes until
 * one of them ends; a large one still takes all.
 */
export class StageGate {
  private taken = 0;
  private takenInBackground = 0;
  private readonly queue: Waiting[] = [];
  /** A background call went before a live one that waited: that one is next. */
  private gaveWay = false;

  /** `now` is in milliseconds. */
  constructor(
    readonly width: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Runs `body` when its places are free. Throws BUSY when the queue is full, CANCELLED when the signal aborts while it waits. */
  async run<T>(signal: AbortSignal, body: () => Promise<T>, { places = 1, background = false }: GateOptions = {}): Promise<T> {
    if (signal.aborted) throw cancelled();
    const call = { places: Math.min(places, this.width), background, since: this.now() };
    if (this.goesAtOnce(call)) this.take(call);
    else await this.wait(signal, call);
    try {
      return await body();
    } finally {
      this.taken -= call.places;
      if (background) this.takenInBackground -= call.places;
      this.admit();
    }
  }

  private goesAtOnce(call: Call): boolean {
    if (!this.fits(call)) return false;
    const first = this.next();
    return first === undefined || (first.background && !call.background && !this.isDue(first));
  }

  private wait(signal: AbortSignal, call: Call): Promise<void> {
    const inBackground = this.queue.filter(({ background }) => background).length;
    if (this.queue.length >= MAX_WAITING || (call.background && inBackground >= MAX_BACKGROUND)) {
      throw new WeirError({ code: 'BUSY', message: `${this.taken} places are taken and ${this.queue.length} calls wait, ${inBackground} of them in the background.` });
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const waiting = { ...call, enter };
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
    for (let next = this.next(); next && this.fits(next); next = this.next()) {
      this.queue.splice(this.queue.indexOf(next), 1);
      this.gaveWay = next.background && this.queue.some(({ background }) => !background);
      this.take(next);
      next.enter();
    }
  }

  private fits(call: Call): boolean {
    if (this.taken + call.places > this.width) return false;
    return !call.background || this.leavesOneFree(call);
  }

  private leavesOneFree({ places }: Call): boolean {
    return this.takenInBackground === 0 || this.takenInBackground + places < this.width;
  }

  private take({ places, background }: Call): void {
    this.taken += places;
    if (background) this.takenInBackground += places;
  }

  private next(): Waiting | undefined {
    const live = this.queue.find(({ background }) => !background);
    const behind = this.queue.find(({ background }) => background);
    if (live && behind && !this.gaveWay && this.isDue(behind)) return behind;
    return live ?? behind;
  }

  /** Whether a background call has waited long enough. While it may not have the place that is free, it keeps no live call from it. */
  private isDue(call: Call): boolean {
    return this.now() - call.since >= PATIENCE_MS && this.leavesOneFree(call);
  }
}

function cancelled(): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'Cancelled before a place was free.' });
}
