import { isWeirError, WeirError } from '@weir/core';
import { WarmEngine, type WarmParameter, type WarmStatement } from './warm-engine';

const MOST_OPEN = 8;
const IDLE_MS = 600_000;
/** Calls that use one engine or wait for it. */
const MOST_USERS = 64;

export interface WarmOptions {
  /** Of each engine, such as `256MB`. Nothing spills. */
  readonly memoryLimit: string;
  /** Of each engine; one is best for batches of some thousand rows. */
  readonly threads: number;
  /** Engines that are kept open; 8 by default. */
  readonly most?: number;
  /** An engine that nobody used for this long is closed; 10 minutes by default. */
  readonly idleMs?: number;
}

interface Warm {
  readonly engine: Promise<WarmEngine>;
  /** Calls that wait for it or use it. */
  users: number;
  /** No longer found by its key; closed when the last user leaves. */
  retired: boolean;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Engines that stay open between calls, each locked as withEngine locks them but without any file, with their statements kept prepared: the first call of a
 * statement pays for its plan, the others run it. One engine for each key, such as `clicks@3` for a pipeline and the version of its definition.
 */
export class WarmEngines {
  /** In the order of last use. */
  private readonly open = new Map<string, Warm>();

  constructor(private readonly options: WarmOptions) {}

  /**
   * Runs a statement in the engine of a key, in turn with the other calls of that key. Integers come as numbers, BLOBs as bytes, lists as arrays, decimals,
   * dates and times as text; at most 100,000 rows.
   *
   * Throws BUSY when 64 calls of the key wait already; CANCELLED soon after the signal is aborted, also while it waits; MEMORY_LIMIT; MODEL_FAILED (the SQL does not fit the data); ENGINE_FAILED, after which the next
   * call gets a new engine.
   */
  async rows<T extends object>(key: string, statement: WarmStatement, parameters: readonly WarmParameter[], signal: AbortSignal): Promise<T[]> {
    const warm = this.enter(key);
    try {
      const engine = await warm.engine;
      return await engine.rows<T>(statement, parameters, signal);
    } catch (error) {
      // An engine that failed for reasons of its own may not work again; one that could not be opened is none.
      if (!isWeirError(error) || error.code === 'ENGINE_FAILED') this.retire(key, warm);
      throw error;
    } finally {
      this.leave(key, warm);
    }
  }

  /** Closes all engines; calls that use one end first. */
  close(): void {
    for (const [key, warm] of this.open) this.retire(key, warm);
  }

  private enter(key: string): Warm {
    const warm = this.open.get(key) ?? { engine: WarmEngine.open(this.options), users: 0, retired: false, idle: undefined };
    if (warm.users >= MOST_USERS) throw new WeirError({ code: 'BUSY', message: `${warm.users} calls wait for the engine of ${key}.` });
    this.open.delete(key);
    this.open.set(key, warm);
    warm.users++;
    clearTimeout(warm.idle);
    const [oldest] = this.open;
    if (this.open.size > (this.options.most ?? MOST_OPEN) && oldest) this.retire(...oldest);
    return warm;
  }

  private leave(key: string, warm: Warm): void {
    warm.users--;
    if (warm.users > 0) return;
    if (warm.retired) void closeQuietly(warm);
    else warm.idle = setTimeout(() => this.retire(key, warm), this.options.idleMs ?? IDLE_MS).unref();
  }

  private retire(key: string, warm: Warm): void {
    if (warm.retired) return;
    warm.retired = true;
    clearTimeout(warm.idle);
    if (this.open.get(key) === warm) this.open.delete(key);
    if (warm.users === 0) void closeQuietly(warm);
  }
}

async function closeQuietly({ engine }: Warm): Promise<void> {
  const opened = await engine.catch(() => undefined);
  await opened?.close();
}
