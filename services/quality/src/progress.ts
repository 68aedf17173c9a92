import type { Progress } from '@weir/rpc';

const EVERY_MS = 500;

/** What a stage is doing; `report` changes it, a timer sends it. */
export interface Reporter {
  report(step: string, done?: number, total?: number): void;
}

/**
 * Runs `body` and sends its newest progress twice a second, whatever it does in between, so that callers see life at least once a second.
 * Progress that cannot be sent is dropped: the body's own failure or result is what counts.
 */
export async function withProgress<T>(send: (progress: Progress) => Promise<void>, body: (reporter: Reporter) => Promise<T>): Promise<T> {
  let newest: Progress = { step: 'start', done: 0, total: 0 };
  let sending = false;
  const tick = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    await send(newest).catch(() => undefined);
    sending = false;
  };
  const timer = setInterval(() => void tick(), EVERY_MS);
  try {
    return await body({ report: (step, done = 0, total = 0) => (newest = { step, done, total }) });
  } finally {
    clearInterval(timer);
  }
}
