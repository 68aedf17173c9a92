import { tableLabel, type KeptTable, type LedgerEntry, type LoadPlan } from '@weir/connectors';
import { WeirError } from '@weir/core';
import { withSpan } from '@weir/platform';
import type { TableLoad } from '@weir/rpc';
import { allOf } from './failures';
import { PreparedLoads } from './prepared-loads';
import { assertKnownTable, inTurn, PLANS, tableLoad, type DestinationJob, type LoadedModel, type ReportTable, type TableDependencies } from './table-job';
import { tableSpec } from './table-spec';
import { tellRefused, type FollowedModel, type TellDependencies } from './tell-refused';

/**
 * Brings tables of a destination to a snapshot, in one transaction there: all or none. Where all are at it or beyond they are left alone. Rows that a table refuses go to quarantine. What was published since under the same definition
 * is taken along, so that of the loads that wait for them one does the work of all. Throws what the catalog, the engine and the destination throw, and BUSY when other loads keep moving them.
 */
export async function loadTables(deps: TellDependencies, job: DestinationJob, models: readonly LoadedModel[], signal: AbortSignal, report: ReportTable): Promise<TableLoad[]> {
  if (models.length === 0) return [];
  const started = performance.now();
  const followers = models.map((loaded) => ({ ...loaded, spec: tableSpec(loaded.model, job.schema) }));
  const prepared = new PreparedLoads(deps, report);
  const entries = await inTurn(deps, job, `${job.schema} of ${job.context.pipeline}`, signal, () =>
    withSpan(`load ${job.schema}`, { 'weir.tables': followers.length }, () => bringTo(deps, job, followers, prepared, signal)),
  ).finally(() => prepared.dispose());
  await tellRefused(deps, job, followers, signal);
  const refused = entries.some((entry) => entry.refused > 0) ? await job.destination.refusedCounts(entries.map(({ commitId }) => commitId), signal) : [];
  return entries.map((entry) => tableLoad(entry, job.connection, refused.filter(({ commitId }) => commitId === entry.commitId), started));
}

async function bringTo(deps: TableDependencies, job: DestinationJob, followers: readonly FollowedModel[], prepared: PreparedLoads, signal: AbortSignal): Promise<LedgerEntry[]> {
  const { context, schema } = job;
  let target = 0;
  for (let attempt = 1; attempt <= PLANS; attempt += 1) {
    const standing = await planAll(job, followers, job.snapshot, signal);
    if (standing.every(isKept)) return Promise.all(standing.map((table) => alreadyThere(deps, job, table, signal)));
    // What was published since the first plan is for the next load, unless another load has it already: so what is prepared stays right.
    if (target === 0 || standing.some(({ head }) => head.snapshot > target)) target = await deps.catalog.target({ pipeline: context.pipeline, definitionVersion: context.definitionVersion, after: job.snapshot }, signal);
    const entries = await loadStanding(deps, { ...job, snapshot: target }, { followers, standing, prepared }, signal);
    if (entries) return entries;
  }
  throw new WeirError({ code: 'BUSY', message: `Other loads moved tables of ${schema} ${PLANS} times while this one was prepared.`, place: schema });
}

/** Where the tables stand; throws the failures of all. */
function planAll({ destination, context }: DestinationJob, followers: readonly FollowedModel[], snapshot: number, signal: AbortSignal): Promise<(LoadPlan | KeptTable)[]> {
  return allOf(followers.map(({ spec }) => destination.plan(spec, context.pipeline, snapshot, signal)));
}

function isKept(table: LoadPlan | KeptTable): table is KeptTable {
  return table.kind === 'keep';
}

/** Tables, and where they stand. */
interface StandingTables {
  readonly followers: readonly FollowedModel[];
  /** Of each of them. */
  readonly standing: readonly (LoadPlan | KeptTable)[];
  readonly prepared: PreparedLoads;
}

/** Brings all tables that are behind the job's snapshot there; undefined when one moved in the meantime. */
async function loadStanding(deps: TableDependencies, job: DestinationJob, { followers, standing, prepared }: StandingTables, signal: AbortSignal): Promise<LedgerEntry[] | undefined> {
  // The snapshot may be a later one than that by which some were found to be far enough.
  const tables = await Promise.all(standing.map(async (table) => (isKept(table) && table.head.snapshot < job.snapshot ? job.destination.plan(table.spec, table.pipeline, job.snapshot, signal) : table)));
  const behind = followers.flatMap((follower, at) => {
    const plan = tables[at];
    return plan === undefined || isKept(plan) ? [] : [{ ...follower, plan }];
  });
  const loaded = await prepared.deliver(job, behind, signal);
  if (!loaded) return undefined;
  const byTable = new Map(loaded.map((entry) => [entry.table, entry]));
  return Promise.all(tables.map(async (table) => byTable.get(tableLabel(table.spec)) ?? alreadyThere(deps, job, table, signal)));
}

/** The counts of the commit that the table stands at, if this very run made it: its answer was lost then. Otherwise nothing was to do. */
async function alreadyThere({ catalog }: TableDependencies, job: DestinationJob, { head, last, spec, pipeline }: Pick<KeptTable, 'head' | 'last' | 'spec' | 'pipeline'>, signal: AbortSignal): Promise<LedgerEntry> {
  if (head.snapshot > job.snapshot) await assertKnownTable(catalog, job, { head, spec }, signal);
  if (last?.runId === job.context.runId) return last;
  return {
    commitId: head.commitId,
    pipeline,
    table: tableLabel(spec),
    fromSnapshot: head.snapshot,
    toSnapshot: head.snapshot,
    runId: job.context.runId,
    traceId: '',
    inserted: 0,
    updated: 0,
    deleted: 0,
    refused: 0,
    rowsInTable: last?.rowsInTable ?? 0,
  };
}
