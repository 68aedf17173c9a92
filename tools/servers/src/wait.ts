import { setTimeout as pause } from 'node:timers/promises';

/** Asks `fact` again and again until it holds. Returns whether it did within the time; a fact that throws does not hold yet. */
export async function waitUntil(fact: () => boolean | Promise<boolean>, { timeoutMs, everyMs = 50, signal }: { timeoutMs: number; everyMs?: number; signal?: AbortSignal }): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await holds(fact)) return true;
    if (performance.now() >= end || signal?.aborted) return false;
    await pause(everyMs);
  }
}

async function holds(fact: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await fact();
  } catch {
    return false;
  }
}
