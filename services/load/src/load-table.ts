import { randomUUID } from 'node:crypto';
import { tableLabel, type LedgerEntry, type LoadPlan, type TableSpec } from '@weir/connectors';
import { WeirError } from '@weir/core';
import type { RelationSegment } from '@weir/engine';
import { activeTraceId, withSpan } from '@weir/platform';
import type { LiveSegment, TableLoad } from '@weir/rpc';
import { computeDifference, enginesIn } from './compute-difference';
import { restateTable } from './restate-table';
import { assertKnown, copyReport, datasetOf, PLANS, type ReportTable, type TableDependencies, type TableJob } from './table-job';
import { tableSpec } from './table-spec';
import type { RowDifference } from './write-difference';

/**
 * Brings one table to a snapshot, in one transaction there; a table that is at it or beyond is left alone. What was published since under the
 * same definition is taken along, so that of the loads that wait for a table one does the work of all. Of a table that the stream writes the records of the run are restated.
 * Throws what the catalog, the engine and the destination throw, and BUSY when other loads keep moving the table.
 */
export async function loadTable(deps: TableDependencies, job: TableJob, signal: AbortSignal, report: ReportTable): Promise<TableLoad> {
  const spec = tableSpec(job.model, job.schema);
  const started = performance.now();
  const turn = { signal, background: job.context.background };
  const entry = await deps.tableTurns.take(`${job.connection} ${tableLabel(spec)}`, turn, () =>
    deps.destinationTurns.take(job.connection, turn, () =>
      withSpan(`load ${tableLabel(spec)}`, { 'weir.dataset': datasetOf(job.model) }, async (span) => {
        const done = await (job.restates === undefined ? bringTo(deps, job, spec, signal, report) : restateTable(deps, job, job.restates, signal, report));
        span.setAttributes({ 'weir.rows.out': done.inserted + done.updated, 'weir.rows.deleted': done.deleted, 'weir.snapshot.from': done.fromSnapshot, 'weir.snapshot.to': done.toSnapshot });
        return done;
      }),
    ),
  );
  return {
    table: entry.table,
    fromSnapshot: entry.fromSnapshot,
    toSnapshot: entry.toSnapshot,
    insertedOrUpdated: entry.inserted + entry.updated,
    deleted: entry.deleted,
    rowsInTable: entry.rowsInTable ?? 0,
    commitId: entry.commitId,
    milliseconds: Math.round(performance.now() - started),
  };
}

async function bringTo(deps: TableDependencies, job: TableJob, spec: TableSpec, signal: AbortSignal, report: ReportTable): Promise<LedgerEntry> {
  for (let attempt = 1; attempt <= PLANS; attempt += 1) {
    const plan = await job.destination.plan(spec, job.context.pipeline, job.snapshot, signal);
    if (plan.kind === 'keep') return alreadyThere(deps, job, plan, signal);
    const target = await deps.catalog.target({ pipeline: job.context.pipeline, definitionVersion: job.context.definitionVersion, after: job.snapshot }, signal);
    const entry = await loadPlanned(deps, { ...job, snapshot: target }, plan, signal, report);
    if (entry) return entry;
  }
  throw new WeirError({ code: 'BUSY', message: `Other loads moved ${tableLabel(spec)} ${PLANS} times while this one was prepared.`, place: tableLabel(spec) });
}

/** The counts of the commit that the table stands at, if this very run made it: its answer was lost then. Otherwise nothing was to do. */
async function alreadyThere({ catalog }: TableDependencies, job: TableJob, plan: LoadPlan, signal: AbortSignal): Promise<LedgerEntry> {
  const { head, last, spec } = plan;
  if (head.snapshot > job.snapshot) await assertKnown(catalog, job, plan, signal);
  if (last?.runId === job.context.runId) return last;
  return {
    commitId: head.commitId,
    pipeline: plan.pipeline,
    table: tableLabel(spec),
    fromSnapshot: head.snapshot,
    toSnapshot: head.snapshot,
    runId: job.context.runId,
    traceId: '',
    inserted: 0,
    updated: 0,
    deleted: 0,
    rowsInTable: last?.rowsInTable ?? 0,
  };
}

/** Undefined when the table moved in the meantime. */
async function loadPlanned(deps: TableDependencies, job: TableJob, plan: LoadPlan, signal: AbortSignal, report: ReportTable): Promise<LedgerEntry | undefined> {
  const scratch = await deps.lake.scratch(job.context.runId, job.context.attempt);
  const label = tableLabel(plan.spec);
  try {
    report(`${label}: difference`, 0, 0);
    const difference = await prepare(deps, job, plan, scratch.dir, signal);
    return await job.destination.deliver(
      { plan, commitId: randomUUID(), toSnapshot: job.snapshot, runId: job.context.runId, traceId: activeTraceId() ?? '', ...difference },
      { signal, onBytes: copyReport(report, label, difference) },
    );
  } finally {
    await scratch.dispose();
  }
}

async function prepare(deps: TableDependencies, job: TableJob, plan: LoadPlan, dir: string, signal: AbortSignal): Promise<RowDifference> {
  const found = await deps.catalog.difference({ pipeline: job.context.pipeline, dataset: datasetOf(job.model), from: plan.fromSnapshot, to: job.snapshot }, signal);
  const located = (segments: readonly LiveSegment[]): RelationSegment[] => segments.map(({ path, partitions, whole }) => ({ absolutePath: deps.lake.absolute(path), partitions, whole }));
  const difference = { before: located(found.before), after: located(found.after), unchanged: located(found.unchanged) };
  return deps.engineTurns.take('engine', { signal, background: job.context.background }, () =>
    computeDifference({ over: enginesIn(dir, deps.engine, signal), ranges: deps.keyRanges, dir }, plan.spec, job.winner, difference),
  );
}
