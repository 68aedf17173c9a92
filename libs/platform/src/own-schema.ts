import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '@weir/core';
import type pg from 'pg';
import { migrate } from './migrate';
import { mapPostgresError } from './postgres';

/** A Postgres that takes longer for `select 1` does not serve anybody. */
const PROBE_TIMEOUT_MS = 3_000;

export interface OwnSchemaOptions {
  /** A pool of its own with one connection: the probe must not wait behind the work. */
  readonly pool: pg.Pool;
  readonly schema: string;
  /** Folder of the migrations. */
  readonly migrations: string;
}

/** A service's own schema in the platform database. */
export class OwnSchema {
  private migrated = false;

  constructor(private readonly options: OwnSchemaOptions) {}

  /** Migrates as soon as Postgres lets it; after that it resolves when Postgres answers in time. Throws UNAVAILABLE and what a migration throws. */
  async probe(): Promise<void> {
    const { pool, schema, migrations } = this.options;
    if (this.migrated) await answers(pool);
    else await migrate(pool, schema, migrations);
    this.migrated = true;
  }

  /** Throws UNAVAILABLE until the schema is migrated; later failures of Postgres show in the calls themselves. */
  assertMigrated(): void {
    if (!this.migrated) throw new WeirError({ code: 'UNAVAILABLE', message: `The ${this.options.schema} service has not reached its Postgres yet.` });
  }
}

async function answers(pool: pg.Pool): Promise<void> {
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
