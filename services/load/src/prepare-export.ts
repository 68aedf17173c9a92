import { join } from 'node:path';
import type { ExportedPartition, ExportedTable, NewFile } from '@weir/connectors';
import { WHOLE, type Definition, type Export } from '@weir/core';
import type { Scratch } from '@weir/lake';
import { withSpan } from '@weir/platform';
import type { StageContext } from '@weir/rpc';
import type { CatalogDifference } from './catalog';
import { computeOver, enginesIn, type DifferencePlace } from './compute-difference';
import { exportTable, type TableLayout } from './export-layout';
import { changedDays, writeDays, writeEmpty, type ChangedDay, type CountedDay, type WrittenFile } from './export-rows';
import { extensionOf } from './export-sql';
import type { RangedSegment } from './key-ranges';
import { locatedDifference, segmentsOf } from './located-segments';
import { datasetOf, type LoadedModel, type TableDependencies } from './table-job';

/** The next version of an export. */
export interface ExportJob {
  readonly context: StageContext;
  readonly definition: Definition;
  readonly target: Export;
  readonly snapshot: number;
  /** Its commit. */
  readonly commit: string;
}

/** Where a table of the version before stands, and where its files may be written. */
export interface TableBasis {
  /** Undefined where there was none. */
  readonly held: ExportedTable | undefined;
  /** Of that version; 0 where there was none. */
  readonly heldSnapshot: number;
  /** Of this table alone. */
  readonly scratch: Scratch;
}

/** A table of the next version, and those of its files that are new. */
export interface PreparedTable {
  readonly table: ExportedTable;
  readonly files: readonly NewFile[];
}

/** Prepares a table at the job's snapshot: writes the days in which it differs from the version before, or all of it where that was made otherwise. Throws what the catalog and the engine throw. */
export async function prepareExport(deps: TableDependencies, job: ExportJob, loaded: LoadedModel, { held, heldSnapshot, scratch }: TableBasis, signal: AbortSignal): Promise<PreparedTable> {
  const { context, snapshot } = job;
  const layout = exportTable(loaded, job.definition, job.target);
  const kept = held?.made === layout.made ? held : undefined;
  const from = kept ? heldSnapshot : 0;
  return withSpan(`load ${layout.spec.name}`, { 'weir.dataset': datasetOf(loaded.model), 'weir.snapshot.from': from, 'weir.snapshot.to': snapshot }, async (span) => {
    const found = await deps.catalog.difference({ pipeline: context.pipeline, dataset: datasetOf(loaded.model), from, to: snapshot }, signal);
    const next = await deps.engineTurns.take('engine', { signal, background: context.background }, () => nextRows(deps, { layout, winner: loaded.winner, scratch, signal }, kept, found));
    const prepared = assemble(job, layout, next, kept && { held: kept, from });
    span.setAttributes({ 'weir.rows.out': prepared.table.change.rows, 'weir.rows.deleted': prepared.table.change.deleted, 'weir.files': prepared.files.length });
    return prepared;
  });
}

interface TableWork {
  readonly layout: TableLayout;
  readonly winner: LoadedModel['winner'];
  readonly scratch: Scratch;
  readonly signal: AbortSignal;
}

/** What is new in a table. */
interface NextRows {
  /** Undefined where all of it is written. */
  readonly changed: readonly ChangedDay[] | undefined;
  /** Days that are as they were. */
  readonly same: readonly ExportedPartition[];
  /** The others that have rows, ascending. */
  readonly counted: readonly CountedDay[];
  /** How many grains each day has. */
  readonly grains: ReadonlyMap<string, number>;
  readonly files: readonly WrittenFile[];
}

async function nextRows({ lake, engine, keyRanges }: TableDependencies, work: TableWork, held: ExportedTable | undefined, found: CatalogDifference): Promise<NextRows> {
  const { layout, winner, scratch, signal } = work;
  const { dir } = scratch;
  const difference = locatedDifference(lake, found);
  const live = [...difference.after, ...difference.unchanged];
  const grains = grainsByDay(layout, live);
  const place: DifferencePlace = { over: enginesIn(scratch, engine, signal), ranges: keyRanges, dir };
  const isSame = difference.before.length + difference.after.length === 0;
  const changed = held && (isSame ? [] : await computeOver(place, layout.spec, difference, (running, unchanged) => changedDays(running, layout, winner, { ...difference, unchanged })));
  const days = new Set(changed && held ? [...changed.map(({ day }) => day), ...daysThatLost(layout, held, grains)] : grains.keys());
  const same = (held?.partitions ?? []).filter(({ date = WHOLE }) => !days.has(date));
  const rows = segmentsOf(live, (partition) => days.has(dayOf(layout, partition)));
  const others = segmentsOf(live, (partition) => !days.has(dayOf(layout, partition)));
  const folder = join(dir, 'rows');
  const { counted, files } = days.size === 0 ? { counted: [], files: [] } : await computeOver(place, layout.spec, { before: [], after: rows, unchanged: others }, (running, near) => writeDays(running, layout, winner, { rows, others: near, days: [...days], folder, signal }));
  if (same.length + counted.length > 0 || held?.rows === 0) return { changed, same, counted, grains, files };
  return { changed, same, counted, grains, files: await place.over([], (running) => writeEmpty(running, layout, winner, join(dir, 'empty'), signal)) };
}

function dayOf({ partitionedBy }: TableLayout, partition: string): string {
  return partitionedBy === null ? WHOLE : partition.slice(0, 10);
}

function grainsByDay(layout: TableLayout, live: readonly RangedSegment[]): Map<string, number> {
  const partitions = new Set(live.flatMap((segment) => segment.partitions));
  const grains = new Map<string, number>();
  for (const partition of partitions) grains.set(dayOf(layout, partition), (grains.get(dayOf(layout, partition)) ?? 0) + 1);
  return grains;
}

/** Days of which the catalog has less than they were written from, because it was kept long enough: a key that was there may have its winner elsewhere now. Where rows are told apart by their partition they stay. */
function daysThatLost({ spec }: TableLayout, { partitions }: ExportedTable, grains: ReadonlyMap<string, number>): string[] {
  return spec.identity.by === 'row' ? [] : partitions.filter((each) => (grains.get(each.date ?? WHOLE) ?? 0) < each.grains).map(({ date = WHOLE }) => date);
}

/** The table of the next version: what is the same of the one before, and what is new. */
function assemble({ commit }: ExportJob, layout: TableLayout, { changed, same, counted, grains, files }: NextRows, before: { readonly held: ExportedTable; readonly from: number } | undefined): PreparedTable {
  const { spec, columns, key, format, compression, partitionedBy, made } = layout;
  const dated = (day: string): { date?: string } => (day === WHOLE ? {} : { date: day });
  const added = files.map(({ file, day, bytes, sha256 }, at) => ({ file, bytes, sha256, ...dated(day), path: `${spec.name}/${day === WHOLE || partitionedBy === null ? '' : `${partitionedBy}=${day}/`}${commit}-${at}.${extensionOf(layout)}` }));
  const partitions = [...same, ...counted.map(({ day, rows }) => ({ ...dated(day), rows, grains: grains.get(day) ?? 0 }))].toSorted(byDate);
  const days = new Set(same.map(({ date = WHOLE }) => date));
  // A table without rows has a file of no day.
  const carried = partitions.length === 0 && files.length === 0 ? (before?.held.files ?? []) : (before?.held.files ?? []).filter(({ date = WHOLE }) => days.has(date));
  const rows = partitions.reduce((sum, partition) => sum + partition.rows, 0);
  const change = changed && before ? { fromSnapshot: before.from, rows: total(changed, 'rows'), deleted: total(changed, 'deleted') } : { fromSnapshot: 0, rows, deleted: 0 };
  const listed = added.map(({ file: _file, ...rest }) => rest);
  return { table: { name: spec.name, columns, key, format, compression, partitionedBy, made, rows, change, partitions, files: [...carried, ...listed].toSorted(byDate) }, files: added };
}

function total(changed: readonly ChangedDay[], count: 'rows' | 'deleted'): number {
  return changed.reduce((sum, day) => sum + day[count], 0);
}

function byDate({ date: one = '' }: { readonly date?: string | undefined }, { date: other = '' }: { readonly date?: string | undefined }): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
