import { setMaxListeners } from 'node:events';

/** Parts that are stored at a time: enough to keep a disk busy while others hash, and a line while others wait for answers. */
const CONCURRENT_PARTS = 8;

/** What storing one part takes: the signal is aborted with the first failure of another part, too. */
type StorePart<Part, Stored> = (part: Part, signal: AbortSignal) => Promise<Stored>;

/** Stores parts, eight at a time; gives what came of them in the order of the parts. Throws the first failure, when the others have stopped. `stored` is told how many are. */
export async function storeMany<Part, Stored>(parts: readonly Part[], store: StorePart<Part, Stored>, signal: AbortSignal, stored: (done: number) => void): Promise<Stored[]> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  // Each part at work listens to it, and each of its requests.
  setMaxListeners(0, either);
  const results: Stored[] = [];
  const waiting = parts.entries();
  let done = 0;
  const work = async (): Promise<void> => {
    for (const [at, part] of waiting) {
      results[at] = await store(part, either);
      stored((done += 1));
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: CONCURRENT_PARTS }, () => work().catch((error: unknown) => stop(failure, error))));
  const failed = workers.find((one) => one.status === 'rejected');
  // Keeps the first reason: what the others then throw is only that they were stopped.
  if (failed) throw failure.signal.reason;
  return results;
}

function stop(failure: AbortController, error: unknown): never {
  failure.abort(error);
  throw error;
}
