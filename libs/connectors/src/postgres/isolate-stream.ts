import { quoteLiteral, WeirError } from '@weir/core';
import { knownRefusal, type DoubtfulTables } from './doubtful-tables';
import { doubtfulStages } from './doubtful-stages';
import { placed } from './errors';
import { referredFirst } from './foreign-keys';
import { grainAt, type GrainRange } from './grain-ranges';
import { Isolation, type DoubtfulRows, type Isolated, type Run } from './isolate-rows';
import { MAX_REFUSED } from './refused-rows';
import { retryRefused } from './retry-refused';
import type { GivesWay } from './stream-merge';
import type { StreamTable } from './stream-table';
import { tableLabel } from './table';

/** Rows that come to a stream's table, some of which it refuses. */
export interface IncomingRows {
  readonly table: StreamTable;
  readonly label: string;
  /** SQL relation, each identity once. */
  readonly incoming: string;
}

/** How the rows of such tables are told from those that are refused. */
export interface IsolateOptions extends Pick<DoubtfulRows, 'most' | 'beyond' | 'commitId'> {
  readonly doubtful: DoubtfulTables;
  /** Whether other tables were changed first: what was refused for want of their rows may not be any more. */
  readonly others: boolean;
  readonly rule: GivesWay;
  /** Of the records that come, as far as it is known. */
  readonly grains: readonly GrainRange[];
}

/** Tables whose rows are written, all but those that are refused. */
export interface IsolatedTables {
  /** Notes what is refused, and gives what was done, by label. To be called when what the tables lacked before is settled. */
  finish(): Promise<Map<string, Isolated>>;
}

/**
 * Writes rows into tables of a stream, each of which is the transaction's alone, all but those that they refuse. Throws as Isolation does, and QUARANTINE_LIMIT for a table that lacks as many rows as may be already.
 */
export async function isolateTables(run: Run, tables: readonly IncomingRows[], options: IsolateOptions): Promise<IsolatedTables> {
  const isolations: { label: string; isolation: Isolation }[] = [];
  for (const one of await referredFirst(run, tables)) {
    const most = bounded(options, one.label, await countLacking(run, one));
    for (const stage of doubtfulStages(one.table, one.incoming, options.commitId, options.rule)) {
      const known = knownRefusal(options.doubtful, one.label, options.others || isolations.length > 0);
      const grainOf = (position: string): string | undefined => grainAt(options.grains, position);
      const isolation = new Isolation(run, { spec: one.table.spec, ...stage, ...options, known, most, grainOf }, isolations.length);
      isolations.push({ label: one.label, isolation });
      await placed(one.label, () => isolation.write());
    }
  }
  await retryRefused(isolations);
  return { finish: () => finishAll(isolations) };
}

function bounded({ most }: IsolateOptions, label: string, lacking: number): DoubtfulRows['most'] {
  if (lacking < MAX_REFUSED) return (rows) => Math.min(most(rows), MAX_REFUSED - lacking);
  throw new WeirError({ code: 'QUARANTINE_LIMIT', stage: 'load', place: label, message: `Table ${label} lacks ${lacking} rows that it refused, and refuses more; the most is ${MAX_REFUSED}.`, fix: 'Correct the rows, or what the table demands, and replay them.' });
}

async function countLacking(run: Run, { table }: IncomingRows): Promise<number> {
  const { rows } = await run<{ lacking: string }>(`select count(*) as lacking from weir.refused where table_name = ${quoteLiteral(tableLabel(table.spec))} and became is null`);
  return Number(rows[0]?.lacking ?? 0);
}

async function finishAll(isolations: readonly { label: string; isolation: Isolation }[]): Promise<Map<string, Isolated>> {
  const done = new Map<string, Isolated>();
  for (const { label, isolation } of isolations) {
    const { inserted, updated, deleted, refused } = await placed(label, () => isolation.finish());
    const before = done.get(label) ?? { inserted: 0, updated: 0, deleted: 0, refused: 0 };
    done.set(label, { inserted: before.inserted + inserted, updated: before.updated + updated, deleted: before.deleted + deleted, refused: before.refused + refused });
  }
  return done;
}
