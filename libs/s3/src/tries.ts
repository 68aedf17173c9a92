import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/core';
import type { S3Limits } from './config';

/** How often one thing was tried, and the waits between. */
export class Tries {
  private failures = 0;

  constructor(
    private readonly limits: Pick<S3Limits, 'tries' | 'backoffMs' | 'maxBackoffMs'>,
    private readonly signal: AbortSignal,
  ) {}

  /** There was progress: what fails from now on is something else. */
  begin(): void {
    this.failures = 0;
  }

  /** Returns when it is time for another try. Throws a failure that does not pass by itself, one that used up all tries, saying how many, and CANCELLED. */
  async after(failure: WeirError): Promise<void> {
    const { tries, backoffMs, maxBackoffMs } = this.limits;
    if (failure.code !== 'UNAVAILABLE') throw failure;
    this.failures += 1;
    if (this.failures >= tries) throw tries === 1 ? failure : new WeirError({ code: failure.code, message: `${failure.message} It was tried ${tries} times.`, place: failure.place, fix: failure.fix });
    // At least half of it: a store that is overloaded must not be asked at once.
    const wait = Math.min(maxBackoffMs, backoffMs * 2 ** (this.failures - 1)) * (0.5 + Math.random() / 2);
    await sleep(wait, undefined, { signal: this.signal }).catch(() => {
      throw new WeirError({ code: 'CANCELLED', message: `Cancelled while waiting for ${failure.place}.` });
    });
  }
}
