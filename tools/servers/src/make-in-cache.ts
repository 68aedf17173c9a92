import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const TOLD_EVERY_MS = 5_000;

export interface CacheEntry {
  /** Path of what is made, in the cache. */
  readonly target: string;
  /** Of the draft folder's name. */
  readonly prefix: string;
  /** For people: what is going on. */
  readonly doing: string;
  readonly say: (text: string) => void;
}

/** Gives `make` a draft folder beside the target, on the same disk, so that it can move what it made there whole; the folder is gone at the end. Tells every 5 s how long it has taken. */
export async function makeInCache({ target, prefix, doing, say }: CacheEntry, make: (draft: string) => Promise<void>): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  const draft = mkdtempSync(join(dirname(target), `.${prefix}-`));
  const started = performance.now();
  const tell = (): void => say(`${doing} (${Math.round((performance.now() - started) / 1000)} s)`);
  tell();
  const beat = setInterval(tell, TOLD_EVERY_MS);
  try {
    await make(draft);
  } finally {
    clearInterval(beat);
    rmSync(draft, { recursive: true, force: true });
  }
}
