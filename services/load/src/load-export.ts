import { randomUUID } from 'node:crypto';
import type { ExportDestination, ExportedTable, ExportManifest, ExportStanding, NewFile } from '@weir/connectors';
import { destinationName, WeirError, type Definition, type Export } from '@weir/core';
import type { Scratch } from '@weir/lake';
import { activeTraceId, withSpan } from '@weir/platform';
import type { StageContext, TableLoad } from '@weir/rpc';
import { exportTable } from './export-layout';
import { prepareExport, type ExportJob } from './prepare-export';
import { assertKnown, copyReport, PLANS, type Holder, type LoadedModel, type ReportTable, type TableDependencies } from './table-job';

/** An export to bring to a snapshot. */
export interface ExportOrder {
  readonly context: StageContext;
  readonly definition: Definition;
  readonly target: Export;
  readonly destination: ExportDestination;
  /** To reach at least. */
  readonly snapshot: number;
  /** Every table that the export is to have. */
  readonly models: readonly LoadedModel[];
}

/** What the steps of a load share. */
interface LoadCalls {
  readonly signal: AbortSignal;
  readonly report: ReportTable;
}

/**
 * Brings all tables of an export to a snapshot from one moment on: that at which its pointer is swapped, if it stood where this load began. One that is there or beyond is left alone. What was published since under the
 * same definition is taken along. Throws what the catalog, the engine and the store throw, and BUSY when other loads keep moving the pointer.
 */
export async function loadExport(deps: TableDependencies, order: ExportOrder, signal: AbortSignal, report: ReportTable): Promise<TableLoad[]> {
  const started = performance.now();
  const { context } = order;
  const name = destinationName(order.target);
  const turn = { signal, background: context.background };
  const manifest = await deps.tableTurns.take(`${name} ${context.pipeline}`, turn, () => deps.destinationTurns.take(name, turn, () => withSpan(`load ${name}`, { 'weir.tables': order.models.length }, () => bringTo(deps, order, { signal, report }))));
  const isOwn = manifest.run === context.runId;
  return order.models.map(({ model }) => tableLoad(name, manifest, manifest.tables.find((table) => table.name === model.name), { name: model.name, isOwn, started }));
}

async function bringTo(deps: TableDependencies, order: ExportOrder, calls: LoadCalls): Promise<ExportManifest> {
  const { context, destination } = order;
  for (let attempt = 1; attempt <= PLANS; attempt += 1) {
    const standing = await destination.standing(context.pipeline);
    if (standing.manifest && standing.manifest.snapshot > order.snapshot) await assertKnown(deps.catalog, context, holderOf(destination, standing.manifest), calls.signal);
    if (standing.manifest && isReached(order, standing.manifest)) return standing.manifest;
    const snapshot = await deps.catalog.target({ pipeline: context.pipeline, definitionVersion: context.definitionVersion, after: order.snapshot }, calls.signal);
    const next = await follow(deps, { ...order, snapshot }, standing, calls);
    if (next) return next;
  }
  throw new WeirError({ code: 'BUSY', message: `Other loads moved the export ${destination.name} ${PLANS} times while this one was prepared.`, place: destination.name });
}

/** Whether nothing is to do. At the same snapshot it may be that the definition has other tables now, or wants other files. */
function isReached({ snapshot, context, definition, target, models }: ExportOrder, held: ExportManifest): boolean {
  if (held.snapshot !== snapshot || held.definition > context.definitionVersion) return held.snapshot >= snapshot;
  const made = new Map(held.tables.map((table) => [table.name, table.made]));
  return models.length === made.size && models.every((loaded) => made.get(loaded.model.name) === exportTable(loaded, definition, target).made);
}

/** Makes the next version; undefined when the pointer was moved in the meantime. */
async function follow(deps: TableDependencies, order: ExportOrder, standing: ExportStanding, calls: LoadCalls): Promise<ExportManifest | undefined> {
  const { context, snapshot, destination } = order;
  const job: ExportJob = { ...order, commit: randomUUID() };
  const scratches: Scratch[] = [];
  try {
    const { tables, files } = await prepareAll(deps, job, order, { standing, scratches }, calls);
    const manifest: ExportManifest = {
      version: 1, pipeline: context.pipeline, snapshot, commit: job.commit, after: standing.manifest?.commit ?? null, definition: context.definitionVersion, run: context.runId, trace: activeTraceId() ?? '',
      loadedAt: new Date().toISOString(), tables,
    };
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const moved = await destination.commit(standing, { manifest, files }, { signal: calls.signal, nowMs: Date.now(), onBytes: copyReport(calls.report, destinationName(order.target), total) });
    return moved ? manifest : undefined;
  } finally {
    await Promise.all(scratches.map((scratch) => scratch.dispose()));
  }
}

/** The tables of the next version by name, one after the other: one engine at a time keeps the service within its memory. */
async function prepareAll(deps: TableDependencies, job: ExportJob, { models }: ExportOrder, { standing, scratches }: { readonly standing: ExportStanding; readonly scratches: Scratch[] }, { signal, report }: LoadCalls): Promise<{ tables: ExportedTable[]; files: NewFile[] }> {
  const tables: ExportedTable[] = [];
  const files: NewFile[] = [];
  const heldSnapshot = standing.manifest?.snapshot ?? 0;
  for (const loaded of models.toSorted((one, other) => (one.model.name < other.model.name ? -1 : 1))) {
    const { name } = loaded.model;
    const scratch = await deps.lake.scratch(job.context.runId, job.context.attempt);
    scratches.push(scratch);
    report(`${tableLabel(destinationName(job.target), name)}: difference`, 0, 0);
    const prepared = await prepareExport(deps, job, loaded, { held: standing.manifest?.tables.find((table) => table.name === name), heldSnapshot, scratch }, signal);
    tables.push(prepared.table);
    files.push(...prepared.files);
  }
  return { tables, files };
}

function holderOf({ name }: ExportDestination, { snapshot, pipeline }: ExportManifest): Holder {
  return { what: 'The export', place: name, snapshot, fix: `Choose another place, or remove _weir/${pipeline}.json there: the next load writes all anew.` };
}

function tableLabel(destination: string, table: string): string {
  return `${destination}/${table}`;
}

/** What a version changed in a table, if this very run made it; nothing otherwise. Files refuse no row. */
function tableLoad(destination: string, { snapshot, commit }: ExportManifest, table: ExportedTable | undefined, { name, isOwn, started }: { readonly name: string; readonly isOwn: boolean; readonly started: number }): TableLoad {
  const change = isOwn && table ? table.change : { fromSnapshot: snapshot, rows: 0, deleted: 0 };
  return { table: tableLabel(destination, name), fromSnapshot: change.fromSnapshot, toSnapshot: snapshot, insertedOrUpdated: change.rows, deleted: change.deleted, rowsInTable: table?.rows ?? 0, commitId: commit, milliseconds: Math.round(performance.now() - started), refused: 0, rules: [] };
}
