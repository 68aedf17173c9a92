import { pause } from './pause';

/** Lets requests through at even distances, so that any second has at most as many as are allowed. */
export class Pace {
  private next = 0;
  private readonly distanceMs: number;

  constructor(
    perSecond: number,
    private readonly signal: AbortSignal,
  ) {
    this.distanceMs = 1_000 / perSecond;
  }

  /** Waits until the next request may go. Throws CANCELLED. */
  async turn(): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.next);
    this.next = at + this.distanceMs;
    await pause(at - now, this.signal);
  }
}
