import { quoteIdent, quoteQualified } from '@weir/core';
import { alterColumns } from './alter-columns';
import { Isolation, type DoubtfulRows, type Isolated, type RowCounts, type Run } from './isolate-rows';
import type { PreparedLoad } from './load-commit';
import { addKey, counted, createEmpty, deleteRows, emptyTable, insertAll, moveIntoPlace, retractRows, upsertRows, type StageTables } from './merge';
import type { LoadPlan } from './plan';
import { MAX_REFUSED, settleRefused } from './refused-rows';
import type { Refusal } from './refusal';
import type { WrittenRow } from './stream-merge';
import { deliveredColumns } from './table';

/** A load whose rows are on the server. */
export interface StagedLoad {
  readonly load: PreparedLoad;
  readonly label: string;
  readonly stage: StageTables;
  /** Of the transaction's tables. */
  readonly nth: number;
}

const NOTHING_CHANGED: RowCounts = { inserted: 0, updated: 0, deleted: 0 };

/** Changes a table whose head is claimed, all rows at once. */
export async function applyLoad(run: Run, staged: StagedLoad): Promise<RowCounts> {
  const counts = await APPLY[staged.load.plan.kind](run, staged);
  await settle(run, staged);
  return counts;
}

const APPLY: Readonly<Record<LoadPlan['kind'], (run: Run, staged: StagedLoad) => Promise<RowCounts>>> = {
  create: moveBeside,
  rebuild: replaceAll,
  merge,
};

async function moveBeside(run: Run, { load: { plan, upserts }, stage }: StagedLoad): Promise<RowCounts> {
  for (const statement of moveIntoPlace(plan.spec, stage.upserts)) await run(statement);
  return { ...NOTHING_CHANGED, inserted: upserts.rows };
}

async function replaceAll(run: Run, { load: { plan, commitId, upserts }, stage }: StagedLoad): Promise<RowCounts> {
  for (const statement of emptyTable(plan)) await run(statement);
  await alterColumns(run, plan.spec, plan.changes);
  if (upserts.rows > 0) await run(insertAll(plan.spec, stage, commitId));
  await run(addKey(plan.spec));
  return { ...NOTHING_CHANGED, inserted: upserts.rows };
}

async function merge(run: Run, { load: { plan, commitId, upserts, deletes }, stage }: StagedLoad): Promise<RowCounts> {
  await alterColumns(run, plan.spec, plan.changes);
  const deleted = deletes.rows > 0 ? await run(deleteRows(plan.spec, stage)) : undefined;
  const written = upserts.rows > 0 ? await run<WrittenRow>(upsertRows(plan.spec, stage, commitId)) : undefined;
  const [counts] = written?.rows ?? [];
  return { inserted: Number(counts?.inserted ?? 0), updated: Number(counts?.updated ?? 0), deleted: deleted?.rowCount ?? 0 };
}

/** Says of rows that the table refused before what became of them. */
async function settle(run: Run, { load: { plan, commitId, upserts, deletes }, stage }: StagedLoad): Promise<void> {
  if (plan.refused.length === 0) return;
  const written = plan.kind === 'create' ? quoteQualified(plan.spec.schema, plan.spec.name) : stage.upserts;
  const relations = { upserts: upserts.rows > 0 ? written : undefined, deletes: deletes.rows > 0 ? stage.deletes : undefined, whole: plan.kind !== 'merge' };
  for (const statement of settleRefused(plan.spec, relations, commitId)) await run(statement);
}

/** A table of which some rows are refused, all others being written. */
export interface IsolatedLoad {
  readonly staged: StagedLoad;
  readonly isolation: Isolation;
  readonly deleted: number;
}

/** Changes a table whose head is claimed, all rows but those that it refuses. Throws as Isolation does. */
export async function isolateLoad(run: Run, staged: StagedLoad, known: Refusal | undefined, most: DoubtfulRows['most']): Promise<IsolatedLoad> {
  const { load: { plan: { spec, kind, refused }, commitId }, stage, nth } = staged;
  const deleted = await prepare(run, staged);
  const write = (relation: string): string[] => {
    const rows = { upserts: relation, deletes: '' };
    return [kind === 'merge' ? upsertRows(spec, rows, commitId) : counted(insertAll(spec, rows, commitId))];
  };
  const columns = deliveredColumns(spec).map(({ name }) => quoteIdent(name)).join(', ');
  const isolation = new Isolation(run, { spec, rows: `(select ${columns} from ${stage.upserts})`, known, commitId, write, retract: (relation) => [retractRows(spec, relation)], most: (count) => Math.min(most(count), MAX_REFUSED - refused.length), beyond: 'QUARANTINE_LIMIT' }, nth);
  await isolation.write();
  return { staged, isolation, deleted };
}

/** Brings a table to where its rows can be written one by one: with its key. Gives the number of deleted rows. */
async function prepare(run: Run, { load: { plan, deletes }, stage }: StagedLoad): Promise<number> {
  if (plan.kind === 'create') {
    for (const statement of createEmpty(plan.spec)) await run(statement);
    return 0;
  }
  if (plan.kind === 'rebuild') for (const statement of emptyTable(plan)) await run(statement);
  await alterColumns(run, plan.spec, plan.changes);
  if (plan.kind === 'rebuild') await run(addKey(plan.spec));
  return deletes.rows > 0 ? ((await run(deleteRows(plan.spec, stage))).rowCount ?? 0) : 0;
}

/** Says what became of the rows that are refused now, and of those that were. */
export async function finishIsolated(run: Run, { staged, isolation, deleted }: IsolatedLoad): Promise<Isolated> {
  if (staged.load.plan.kind === 'create') await run(`drop table ${staged.stage.upserts}`);
  await settle(run, staged);
  const isolated = await isolation.finish();
  return { ...isolated, deleted: isolated.deleted + deleted };
}
