import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { quoteLiteral, quoteQualified, WeirError } from '@weir/core';
import type { QueryResult, QueryResultRow } from 'pg';
import { findRefused, type FoundRow } from './find-refused';
import { refusalOf, type Refusal } from './refusal';
import { identityText, noteRefused } from './refused-rows';
import { tableLabel, type TableSpec } from './table';

/** Runs a statement of the open transaction. */
export type Run = <R extends QueryResultRow>(sql: string) => Promise<QueryResult<R>>;

/** Rows of which a table refuses some, and how they are written. */
export interface DoubtfulRows {
  readonly spec: TableSpec;
  /** SQL relation of the rows, each identity once. */
  readonly rows: string;
  /** How all of them together failed; undefined where rows of other tables may have come since. */
  readonly known: Refusal | undefined;
  readonly commitId: string;
  /** Statements that write the rows of a relation; some give their counts as one row (inserted and updated, or deleted). */
  readonly write: (relation: string) => readonly string[];
  /** Statements that take away what the table has in the place of refused rows, from a relation; each gives one row (deleted). Where one of them is refused as well the next is tried. */
  readonly retract: (relation: string) => readonly string[];
  /** Most rows that may be refused, of so many. */
  readonly most: (rows: number) => number;
  /** What is thrown when there are more. */
  readonly beyond: 'QUARANTINE_LIMIT' | 'BATCH_TOO_LARGE';
  /** The grain of a row by its position; undefined where nobody knows, or need know. */
  readonly grainOf?: (position: string) => string | undefined;
}

/** What changed in a table. */
export interface RowCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What was written, and how many rows were refused. */
export interface Isolated extends RowCounts {
  readonly refused: number;
}

/** The number of a row among the doubtful ones, from 1. */
const NTH = '_weir_nth';

/**
 * Writes all rows of a table but those that it refuses. Of a refused row the table keeps no older version either: it then holds what a table holds that is built anew. Only where it refuses to give that up as well does
 * the older row stay.
 */
export class Isolation {
  private readonly counts = { inserted: 0, updated: 0, deleted: 0 };
  private refused: FoundRow<Refusal>[] = [];
  private readonly suspects: string;
  private rows = 0;
  private statements = 0;
  /** Of the table, with commas; those of others wait for the end of the transaction. */
  private deferred = '';

  /** `nth`: of the transaction's tables. */
  constructor(
    private readonly run: Run,
    private readonly doubtful: DoubtfulRows,
    nth: number,
  ) {
    this.suspects = `"_weir_suspects_${nth}"`;
  }

  /** Throws QUARANTINE_LIMIT or BATCH_TOO_LARGE once more rows are refused than may be; and MODEL_FAILED, with the row named, for the first one that has no place in a source. */
  async write(): Promise<void> {
    const { spec, rows, known } = this.doubtful;
    const span = trace.getTracer('@weir/connectors').startSpan(`isolate ${tableLabel(spec)}`);
    try {
      // Each of many statements would be a span, and every refusal one that failed.
      await context.with(ROOT_CONTEXT, async () => {
        await this.run(`create temp table ${this.suspects} on commit drop as select row_number() over () as ${NTH}, s.* from ${rows} s`);
        await this.run(`alter table ${this.suspects} add primary key (${NTH})`);
        await this.run(`analyze ${this.suspects}`);
        this.rows = Number((await this.run<{ rows: string }>(`select count(*) as rows from ${this.suspects}`)).rows[0]?.rows ?? 0);
        this.deferred = (await this.run<{ name: string }>(deferrable(spec))).rows.map(({ name }) => name).join(', ');
        const most = spec.lineage ? this.doubtful.most(this.rows) : 0;
        this.refused = await findRefused(this.rows, known, most, { trial: (from, to) => this.trial(from, to), refuse: (row) => this.retract(row) });
        if (this.refused.length > most) throw await this.tooMany(most);
      });
    } finally {
      span.setAttributes({ 'weir.rows.in': this.rows, 'weir.rows.quarantined': this.refused.length, 'weir.statements': this.statements });
      span.end();
    }
  }

  /** Tries those again that may have been refused for want of other rows; whether any of them is written now. */
  async retry(): Promise<boolean> {
    const landed = new Set<number>();
    await context.with(ROOT_CONTEXT, async () => {
      for (const { row, failure } of this.refused) if (failure.relational && (await this.trial(row, row + 1)) === undefined) landed.add(row);
    });
    this.refused = this.refused.filter(({ row }) => !landed.has(row));
    return landed.size > 0;
  }

  /** Notes in the destination what is refused. */
  async finish(): Promise<Isolated> {
    const { spec, commitId } = this.doubtful;
    if (this.refused.length > 0) {
      const grains = await this.grains();
      const refusals = this.refused.map(({ row, failure: { rule, reason } }) => ({ nth: row + 1, rule, reason, grain: grains.get(row) }));
      // The statement has values of rows.
      await context.with(ROOT_CONTEXT, () => this.run(noteRefused(spec, this.suspects, NTH, refusals, commitId)));
    }
    return { ...this.counts, refused: this.refused.length };
  }

  /** Of refused rows. */
  private async grains(): Promise<Map<number, string | undefined>> {
    const { grainOf } = this.doubtful;
    if (!grainOf) return new Map();
    const { rows } = await this.run<{ nth: string; position: string }>(`select ${NTH} as nth, _weir_position as position from ${this.these(this.refused)} s`);
    return new Map(rows.map(({ nth, position }) => [Number(nth) - 1, grainOf(position)]));
  }

  private async trial(from: number, to: number): Promise<Refusal | undefined> {
    this.statements += 1;
    return attempted(this.run, async () => {
      const sum = { inserted: 0, updated: 0, deleted: 0 };
      for (const statement of this.doubtful.write(`(select * from ${this.suspects} where ${NTH} > ${from} and ${NTH} <= ${to})`)) {
        const [{ inserted = 0, updated = 0, deleted = 0 } = {}] = (await this.run<Partial<Record<keyof RowCounts, string>>>(statement)).rows;
        sum.inserted += Number(inserted);
        sum.updated += Number(updated);
        sum.deleted += Number(deleted);
      }
      if (this.deferred !== '') await this.run(`set constraints ${this.deferred} immediate`);
      this.add(sum);
    });
  }

  private async retract(row: number): Promise<void> {
    if (!this.doubtful.spec.lineage) return;
    for (const statement of this.doubtful.retract(this.these([{ row }]))) {
      const refusal = await attempted(this.run, async () => {
        const gone = await this.run<{ deleted: string }>(statement);
        if (this.deferred !== '') await this.run(`set constraints ${this.deferred} immediate`);
        this.add({ inserted: 0, updated: 0, deleted: Number(gone.rows[0]?.deleted ?? 0) });
      });
      if (!refusal) return;
    }
  }

  private add({ inserted, updated, deleted }: RowCounts): void {
    this.counts.inserted += inserted;
    this.counts.updated += updated;
    this.counts.deleted += deleted;
  }

  private these(rows: readonly { readonly row: number }[]): string {
    return `(select * from ${this.suspects} where ${NTH} = any ('{${rows.map(({ row }) => row + 1).join()}}'))`;
  }

  private async tooMany(most: number): Promise<WeirError> {
    const { spec } = this.doubtful;
    const shown = this.refused.slice(0, 5);
    const name = spec.lineage ? '_weir_position' : identityText(spec, 's');
    const places = await this.run<{ nth: string; name: string }>(`select ${NTH} as nth, left(${name}, 100) as name from ${this.these(shown)} s`);
    const named = new Map(places.rows.map((place) => [Number(place.nth), place.name]));
    const samples = shown.map(({ row, failure }) => `${named.get(row + 1) ?? ''}: ${failure.safe}`);
    const label = tableLabel(spec);
    if (!spec.lineage) return new WeirError({ code: 'MODEL_FAILED', place: label, samples, message: `Table ${label} refuses a row. ${shown[0]?.failure.safe ?? ''}`, fix: 'Correct the model, or what the table demands; a row that stands for no row of the source cannot be set aside.' });
    const { beyond } = this.doubtful;
    const fix = beyond === 'QUARANTINE_LIMIT' ? 'Correct the rows, or what the table demands, or raise `quarantine.failAbove`. The tables are as they were.' : undefined;
    return new WeirError({ code: beyond, stage: 'load', place: label, samples, message: `Table ${label} refuses more than ${most} of ${this.rows} rows. ${shown[0]?.failure.safe ?? ''}`, fix });
  }
}

/** Carries out statements and keeps them, or nothing of them when a row is refused: then says why. */
export async function attempted(run: Run, body: () => Promise<void>): Promise<Refusal | undefined> {
  await run('savepoint weir_trial');
  try {
    await body();
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) throw error;
    await run('rollback to savepoint weir_trial');
    return refusal;
  }
  await run('release savepoint weir_trial');
  return undefined;
}

/** SQL of a table's constraints that may be checked as late as the commit: `name`, quoted. */
function deferrable({ schema, name }: TableSpec): string {
  return `select distinct format('%I.%I', n.nspname, c.conname) as name from pg_constraint c join pg_namespace n on n.oid = c.connamespace
    where c.conrelid = to_regclass(${quoteLiteral(quoteQualified(schema, name))}) and c.condeferrable`;
}
