import { orAborted, WeirError } from '@weir/core';

const MOST_KEYS = 10_000;
const KEPT_MS = 3_600_000;

interface Answered<T> {
  readonly answer: Promise<T>;
  /** Milliseconds. */
  readonly since: number;
}

/** The answers of work that must not be done twice, by idempotency keys: of the last 10,000 keys, for an hour. They do not outlive the process. */
export class AnsweredKeys<T> {
  private readonly known = new Map<string, Answered<T>>();

  /** `now` is in milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Does the work, or gives the answer of the same key: also of one that is at work now. Work that fails is as if it had not been: whoever waited does its own. Throws CANCELLED while it waits. */
  async once(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<{ answer: T; repeated: boolean }> {
    for (let found = this.find(key); found; found = this.find(key)) {
      const answer = await orAborted(found.answer.then((value) => ({ value })).catch(() => undefined), signal, cancelled);
      if (answer) return { answer: answer.value, repeated: true };
    }
    const answer = work();
    this.remember(key, { answer, since: this.now() });
    try {
      return { answer: await answer, repeated: false };
    } catch (error) {
      this.known.delete(key);
      throw error;
    }
  }

  private find(key: string): Answered<T> | undefined {
    const found = this.known.get(key);
    return found && this.now() - found.since < KEPT_MS ? found : undefined;
  }

  private remember(key: string, answered: Answered<T>): void {
    this.known.delete(key);
    for (const [oldest, { since }] of this.known) {
      if (this.known.size < MOST_KEYS && this.now() - since < KEPT_MS) break;
      this.known.delete(oldest);
    }
    this.known.set(key, answered);
  }
}

function cancelled(): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'Cancelled while another call with the same key was at work.' });
}
