const POLL_MS = 20;

/** How long a fact may take to come true. */
export interface UntilOptions {
  readonly timeoutMs: number;
  /** What is awaited, for the message when it does not come. */
  readonly what?: string;
}

/**
 * Polls a fact until it is true and gives its value: tests wait on facts, never on time. A fact that throws counts as not yet true.
 * Throws after `timeoutMs`, with the fact's last error as cause.
 */
export async function until<T>(fact: () => T | Promise<T>, options: UntilOptions): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    let lastError: unknown;
    try {
      const value = await fact();
      if (value !== undefined && value !== null && value !== false) return value as NonNullable<Exclude<T, false>>;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`${options.what ?? 'The awaited fact'} did not come true within ${options.timeoutMs} ms.`, { cause: lastError });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
