import { WeirError } from '@weir/core';

interface Waiting {
  readonly background: boolean;
  readonly proceed: () => void;
}

/** Whose turn it is to be. */
export interface TurnOptions {
  /** Ends the waiting with CANCELLED. */
  readonly signal: AbortSignal;
  /** Work of a backfill. */
  readonly background?: boolean;
}

interface Line {
  running: number;
  readonly waiting: Waiting[];
}

/**
 * Lets at most `width` bodies of one name run at a time; others wait in order, live ones before those in the background. What waits is bounded by the calls that the service admits,
 * each of which waits for a handful of tables.
 */
export class Turns {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly width: number) {}

  /** Runs `body` when its turn comes; throws CANCELLED when the signal is aborted first. */
  async take<T>(name: string, { signal, background = false }: TurnOptions, body: () => Promise<T>): Promise<T> {
    const line = this.lines.get(name) ?? { running: 0, waiting: [] };
    this.lines.set(name, line);
    if (line.running < this.width) line.running += 1;
    else await this.wait(line, signal, background);
    try {
      return await body();
    } finally {
      // The turn goes straight to the next in line, so that nobody can slip in between.
      const next = line.waiting.shift();
      if (next) next.proceed();
      else if ((line.running -= 1) === 0) this.lines.delete(name);
    }
  }

  private wait(line: Line, signal: AbortSignal, background: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        line.waiting.splice(line.waiting.indexOf(waiting), 1);
        reject(new WeirError({ code: 'CANCELLED', message: 'Cancelled while waiting for a turn.' }));
      };
      const proceed = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const waiting = { background, proceed };
      const behind = background ? -1 : line.waiting.findIndex((other) => other.background);
      line.waiting.splice(behind < 0 ? line.waiting.length : behind, 0, waiting);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
