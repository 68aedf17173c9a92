import type { Progress } from './gen/weir/data/v1/data';

const EVERY_MS = 500;

/** Takes what a stage is doing now. */
export type ReportProgress = (progress: Progress) => void;

/**
 * Runs `body` and sends its newest progress twice a second, whatever it does in between, so that callers see life at least once a second.
 * Progress that cannot be sent is dropped: the body's own failure or result is what counts.
 */
export async function withProgress<T>(send: (progress: Progress) => Promise<void>, body: (report: ReportProgress) => Promise<T>): Promise<T> {
  let newest: Progress = { step: 'waiting for a place', done: 0, total: 0 };
  let sending = false;
  const tick = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    await send(newest).catch(() => undefined);
    sending = false;
  };
  const timer = setInterval(() => void tick(), EVERY_MS);
  try {
    return await body((progress) => (newest = progress));
  } finally {
    clearInterval(timer);
  }
}
