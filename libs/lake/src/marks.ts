import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '@weir/core';
import { objectFacts, putIfAbsent, putObject, removeObject, removeObjectOnce, type Bucket } from '@weir/s3';

/** Below the prefix, beside the zones. */
export const WANTED = 'control/wanted/';
export const CONDEMNED = 'control/condemned/';

/** S3 takes a signed request for 15 minutes. After this no removal can arrive whose collector is gone. */
const STALE_MS = 20 * 60_000;
/** A collector that took longer, because its machine stood still, does not remove any more. */
const COLLECT_MS = 60_000;
const WAIT_MS = 30_000;
const POLL_MS = 100;
/** Stores say when an object was written in whole seconds, rounded down. */
const SECOND_MS = 1_000;
const NOTHING = new Uint8Array(0);

/**
 * Who wants an object, and who is about to remove it. A bucket can neither move an object aside nor remove it on a condition that all stores know, so both write beside it:
 *
 *   a collector   1. condemns it, where nobody has   2. looks whether it is old, and not wanted since   3. removes it, once   4. takes back 1
 *   a writer      1. finds it there   2. says that it is wanted   3. looks whether it is condemned; waits then   4. finds it there still, or writes it
 *
 * Either the writer's 2 comes before the collector's 2, who then leaves the object, or the writer's 3 comes after the collector's 1, and the writer waits and looks again. A removal of which nobody knows whether it arrives leaves its
 * mark until it cannot arrive any more. Throws what the bucket throws.
 */
export class Marks {
  constructor(
    private readonly bucket: Bucket,
    private readonly prefix: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Says that somebody wants an object that is there already. Returns when no collection that goes on can take it. Throws BUSY when one does not end. */
  async want(path: string): Promise<void> {
    await putObject(this.bucket, this.key(WANTED, path), NOTHING, this.signal);
    const mark = this.key(CONDEMNED, path);
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const condemned = await objectFacts(this.bucket, mark, this.signal);
      if (!condemned) return;
      if (Date.now() - condemned.modifiedMs > STALE_MS) await removeObject(this.bucket, mark, this.signal);
      else if (performance.now() > deadline) throw new WeirError({ code: 'BUSY', message: `${path} is being removed from the lake by a collection that does not end.`, place: path });
      else await delay(POLL_MS, undefined, { signal: this.signal });
    }
  }

  /** Removes an object that was neither written nor wanted after `beforeMs`; says whether this call did. */
  async collect(path: string, beforeMs: number): Promise<boolean> {
    const mark = this.key(CONDEMNED, path);
    const started = performance.now();
    if (!(await putIfAbsent(this.bucket, mark, NOTHING, {}, this.signal))) {
      await this.forgetStale(mark);
      return false;
    }
    const untouched = await this.isUntouched(path, beforeMs).catch(async (error: unknown) => {
      await removeObject(this.bucket, mark, this.signal);
      throw error;
    });
    const removing = untouched && performance.now() - started < COLLECT_MS;
    // What this throws leaves the mark where it is.
    if (removing) await removeObjectOnce(this.bucket, `${this.prefix}${path}`, this.signal);
    if (removing) await removeObject(this.bucket, this.key(WANTED, path), this.signal);
    await removeObject(this.bucket, mark, this.signal);
    return removing;
  }

  /** Removes a mark that nobody needs any more: of a removal that is over, or of an object that is gone. */
  async collectMark(mark: string, beforeMs: number): Promise<boolean> {
    const found = await objectFacts(this.bucket, `${this.prefix}${mark}`, this.signal);
    if (!found || found.modifiedMs + SECOND_MS > beforeMs || Date.now() - found.modifiedMs < STALE_MS) return false;
    if (mark.startsWith(WANTED) && (await objectFacts(this.bucket, `${this.prefix}${mark.slice(WANTED.length)}`, this.signal))) return false;
    await removeObject(this.bucket, `${this.prefix}${mark}`, this.signal);
    return true;
  }

  private async isUntouched(path: string, beforeMs: number): Promise<boolean> {
    const [found, wanted] = [await objectFacts(this.bucket, `${this.prefix}${path}`, this.signal), await objectFacts(this.bucket, this.key(WANTED, path), this.signal)];
    return found !== undefined && Math.max(found.modifiedMs, wanted?.modifiedMs ?? 0) + SECOND_MS <= beforeMs;
  }

  private async forgetStale(mark: string): Promise<void> {
    const found = await objectFacts(this.bucket, mark, this.signal);
    if (found && Date.now() - found.modifiedMs > STALE_MS) await removeObject(this.bucket, mark, this.signal);
  }

  private key(mark: string, path: string): string {
    return `${this.prefix}${mark}${path}`;
  }
}
