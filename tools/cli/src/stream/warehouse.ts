import type { Definition } from '@weir/core';
import type { Account } from '@weir/servers';
import { escapeIdentifier, Pool } from 'pg';

/** The newest rows of a table. */
export interface LatestRows {
  readonly table: string;
  readonly columns: readonly string[];
  /** Newest first; null as undefined. */
  readonly rows: readonly (readonly (string | undefined)[])[];
}

/** Where a stream stands in one partition of its topic. */
export interface TablePosition {
  readonly partition: number;
  /** Offset at which the stream began. */
  readonly start: number;
  /** Offset of the next record. */
  readonly next: number;
}

const ROWS = 5;
/** A line holds no more. */
const COLUMNS = 6;
/** The last pages of a table, 64 MiB, have nearly all new rows; a whole large table must not be read every second. */
const PAGES = 8_192;
const TIMEOUT_MS = 2_000;

/** What a person watching a stream asks its destination, over connections that are opened at the first question. Answers are undefined where there is none. */
export class Warehouse {
  private readonly pool: Pool;

  constructor(
    account: Account,
    private readonly definition: Definition,
  ) {
    this.pool = new Pool({ ...account, max: 2, connectionTimeoutMillis: TIMEOUT_MS, statement_timeout: TIMEOUT_MS, query_timeout: 2 * TIMEOUT_MS });
    // A connection that ends while nobody asks; the next question gets another.
    this.pool.on('error', () => undefined);
  }

  /** Rows of the pipeline's first model over rows that its newest micro-batches wrote. */
  async latestRows(): Promise<LatestRows | undefined> {
    const { name, models, destinations } = this.definition;
    const model = models.find(({ scope }) => scope === 'row');
    const [primary] = destinations;
    if (!model || primary?.type !== 'postgres') return undefined;
    const { schema } = primary;
    const columns = model.columns.slice(0, COLUMNS).map((column) => column.name);
    const table = `${escapeIdentifier(schema)}.${escapeIdentifier(model.name)}`;
    const rows = await this.ask<Record<string, string | null>>(
      `select ${columns.map((column) => `t.${escapeIdentifier(column)}::text`).join(', ')} from ${table} t
       join (select commit_id, loaded_at from weir.ledger where pipeline = $1 and positions is not null and loaded_at > now() - interval '1 day' order by loaded_at desc limit 20) l on l.commit_id = t._weir_commit
       where t.ctid >= (select format('(%s,0)', greatest(0, pg_relation_size($2::regclass) / current_setting('block_size')::integer - ${PAGES}))::tid)
       order by l.loaded_at desc limit ${ROWS}`,
      [name, table],
    );
    return rows && { table: `${schema}.${model.name}`, columns, rows: rows.map((row) => columns.map((column) => row[column] ?? undefined)) };
  }

  /** By partition; of a topic that was made anew those of the new one. */
  async positions(): Promise<TablePosition[] | undefined> {
    const { name, source } = this.definition;
    if (source.type !== 'kafka') return undefined;
    const rows = await this.ask<Record<'log_partition' | 'start' | 'next', string | number>>(
      'select distinct on (log_partition) log_partition, start, next from weir.position where pipeline = $1 and topic = $2 order by log_partition, updated_at desc',
      [name, source.topic],
    );
    return rows?.map((row) => ({ partition: Number(row.log_partition), start: Number(row.start), next: Number(row.next) }));
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  /** A table that is not there yet, or a destination that is away, is no reason to end. */
  private async ask<Row extends Record<string, unknown>>(text: string, values: readonly unknown[]): Promise<Row[] | undefined> {
    return this.pool.query<Row>(text, [...values]).then(
      ({ rows }) => rows,
      () => undefined,
    );
  }
}
