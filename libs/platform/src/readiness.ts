import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '@weir/core';
import type pg from 'pg';
import type { Logger } from './log';
import { migrate } from './migrate';
import { mapPostgresError } from './postgres';

/** Between two looks at Postgres. */
const INTERVAL_MS = 1_000;
/** A Postgres that takes longer for `select 1` does not serve anybody. */
const PROBE_TIMEOUT_MS = 3_000;
const LOG_EVERY_MS = 5_000;

export interface ReadinessOptions {
  /** A pool of its own with one connection: the probe must not wait behind the work. */
  readonly pool: pg.Pool;
  /** The service's own schema. */
  readonly schema: string;
  /** Folder of the migrations. */
  readonly migrations: string;
  /** Told about every change. */
  readonly report: (ready: boolean) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/**
 * Whether a service can work: its schema is migrated and Postgres answers. Migrates as soon as Postgres lets it, and then
 * looks once a second, so a service that was started before its database, or outlives it, comes back by itself.
 */
export class Readiness {
  private migrated = false;
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

  /** Throws UNAVAILABLE until the schema is migrated; later failures of Postgres show in the calls themselves. */
  assertMigrated(): void {
    if (!this.migrated) throw new WeirError({ code: 'UNAVAILABLE', message: `The ${this.options.schema} service has not reached its Postgres yet.` });
  }

  private async watch(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.look();
      await delay(INTERVAL_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async look(): Promise<void> {
    const { pool, schema, migrations } = this.options;
    try {
      if (this.migrated) await probe(pool);
      else await migrate(pool, schema, migrations);
      this.migrated = true;
      this.become(true);
    } catch (error) {
      this.become(false);
      this.complain(error);
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
    this.options.log.warn({ error }, this.migrated ? 'Postgres does not answer.' : 'Cannot migrate yet; trying again.');
  }
}

async function probe(pool: pg.Pool): Promise<void> {
  const answer = pool.query('select 1');
  const late = new AbortController();
  const timeout = delay(PROBE_TIMEOUT_MS, undefined, { signal: late.signal }).then(() => {
    throw new WeirError({ code: 'UNAVAILABLE', message: `Postgres did not answer within ${PROBE_TIMEOUT_MS} ms.` });
  });
  try {
    await Promise.race([answer, timeout]);
  } catch (error) {
    throw mapPostgresError(error);
  } finally {
    late.abort();
    timeout.catch(() => undefined);
    answer.catch(() => undefined);
  }
}
