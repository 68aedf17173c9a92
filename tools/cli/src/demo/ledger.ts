import type { Account } from '@weir/servers';
import { Pool } from 'pg';

/** The warehouse as a demo counts in it. */
export class Ledger {
  private readonly pool: Pool;

  constructor(account: Account) {
    this.pool = new Pool({ ...account, max: 1 });
  }

  /** The numbers that a query over one row gives, by column; empty while a table that it reads is not there. */
  async numbers(text: string, values: readonly unknown[]): Promise<Readonly<Record<string, number>>> {
    try {
      const { rows } = await this.pool.query<Record<string, string | null>>(text, [...values]);
      return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, Number(value ?? 0)]));
    } catch (error) {
      if (isMissing(error)) return {};
      throw error;
    }
  }

  /** The texts that a query over one row gives, by column. */
  async texts(text: string, values: readonly unknown[]): Promise<Readonly<Record<string, string>>> {
    const { rows } = await this.pool.query<Record<string, string | null>>(text, [...values]);
    return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, value ?? '']));
  }

  /** What the micro-batches of a pipeline read and set aside, from a time on in milliseconds since 1970. */
  accounts(pipeline: string, since: number): Promise<Readonly<Record<string, number>>> {
    return this.numbers(
      `select coalesce(sum((counts->'accounts'->>'read')::bigint), 0) as read, coalesce(sum((counts->'accounts'->>'quarantined')::bigint), 0) as quarantined
       from weir.ledger where pipeline = $1 and positions is not null and loaded_at >= to_timestamp($2::double precision / 1000)`,
      [pipeline, since],
    );
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}

const UNDEFINED_TABLE = '42P01';

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE;
}
