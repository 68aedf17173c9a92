import { toWeirError } from '@weir/core';
import type { RunningServer } from './server';
import type { OnDemandState } from './state';
import { ON_DEMAND, wishFor, type OnDemandServer } from './wanted';

const LOOK_EVERY_MS = 200;

/** Starts one server; `say` takes its lines of progress. */
export type Starter = (say: (text: string) => void) => Promise<RunningServer>;

/** The supervisor's half of starting servers on demand; wanted.ts says how the two halves talk. */
export class OnDemand {
  private readonly states = new Map<OnDemandServer, OnDemandState>();
  /** The word that each server was last started for. */
  private readonly answered = new Map<OnDemandServer, string>();
  private readonly starts = new Map<OnDemandServer, Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  /** `changed` is told of every change of a server's state. */
  constructor(private readonly home: string, private readonly starters: Readonly<Record<OnDemandServer, Starter>>, private readonly changed: (server: OnDemandServer, state: OnDemandState) => void) {}

  /** Starts what was wanted before, and from now on what is asked for, until `stop`. */
  watch(): void {
    this.look();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** Waits until the starts under way have ended; throws what the first of them failed with. */
  async settled(): Promise<void> {
    await Promise.all(this.starts.values());
  }

  /** Starts nothing more, and waits for the starts under way, which their signal must have ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.allSettled(this.starts.values());
  }

  private look(): void {
    for (const server of ON_DEMAND) {
      const phase = this.states.get(server)?.phase;
      if (phase === 'starting' || phase === 'running') continue;
      const word = wishFor(this.home, server);
      if (word === undefined || this.answered.get(server) === word) continue;
      this.answered.set(server, word);
      const start = this.start(server);
      // Whoever asked reads of a failure in the state; here it must only not end the process.
      start.catch(() => undefined);
      this.starts.set(server, start);
    }
  }

  private async start(server: OnDemandServer): Promise<void> {
    const failures = this.states.get(server)?.failures ?? 0;
    const become = (state: Omit<OnDemandState, 'failures'>): void => this.become(server, { failures, ...state });
    become({ phase: 'starting', text: 'looking' });
    try {
      const { how } = await this.starters[server]((text) => become({ phase: 'starting', text }));
      become({ phase: 'running', text: how });
    } catch (error) {
      const { code, message, place, fix, samples } = toWeirError(error);
      this.become(server, { phase: 'failed', text: message, failures: failures + 1, error: { code, message, place, fix, samples } });
      throw error;
    }
  }

  private become(server: OnDemandServer, state: OnDemandState): void {
    this.states.set(server, state);
    this.changed(server, state);
  }
}
