import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from './errors';

/** Waits; throws CANCELLED as soon as the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw cancelled();
  // Timers may fire a fraction of a millisecond early.
  if (milliseconds > 0) await sleep(Math.ceil(milliseconds), undefined, { signal }).catch(() => Promise.reject(cancelled()));
}
