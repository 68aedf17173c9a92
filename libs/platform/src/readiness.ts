import { setTimeout as delay } from 'node:timers/promises';

/** Between two looks. */
const INTERVAL_MS = 1_000;
const LOG_EVERY_MS = 5_000;

interface ReadinessOptions {
  /** Resolves when what the service works with answers; throws what is wrong otherwise. */
  readonly probe: () => Promise<void>;
  /** Told about every change. */
  readonly report: (ready: boolean) => void;
  readonly log: { info(message: string): void; warn(context: object, message: string): void };
}

/** Whether a service can work: probes once a second, so a service that was started before what it needs, or outlives it, comes back by itself. */
export class Readiness {
  private ready = false;
  private lastLog = Number.NEGATIVE_INFINITY;
  private readonly stopping = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  constructor(private readonly options: ReadinessOptions) {}

  start(): void {
    this.watching = this.watch();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }

  private async watch(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.options.probe().then(
        () => this.become(true),
        (error: unknown) => {
          this.become(false);
          this.complain(error);
        },
      );
      await delay(INTERVAL_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private become(ready: boolean): void {
    if (ready === this.ready) return;
    this.ready = ready;
    this.lastLog = Number.NEGATIVE_INFINITY;
    this.options.report(ready);
    if (ready) this.options.log.info('Ready.');
  }

  private complain(error: unknown): void {
    if (performance.now() - this.lastLog < LOG_EVERY_MS) return;
    this.lastLog = performance.now();
    this.options.log.warn({ error }, 'Not ready; trying again.');
  }
}
