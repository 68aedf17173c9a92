import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError, WHOLE } from '@weir/core';
import { DELETED_COLUMN, livingRelation, segmentRelation, type Engine, type RelationSegment } from '@weir/engine';
import { digestFile } from '@weir/lake';
import { differenceSql, sourceColumns } from './difference-sql';
import type { TableLayout } from './export-layout';
import { changedDaysSql, copyDaysSql, countedDaysSql, DAYS_AT_ONCE } from './export-sql';
import type { LoadedModel } from './table-job';
import type { SegmentDifference } from './write-difference';

/** A day in which a table changed; WHOLE of one without days. */
export interface ChangedDay {
  readonly day: string;
  /** Rows that are new there, or not what they were. */
  readonly rows: number;
  readonly deleted: number;
}

/** Rows of a day. */
export interface CountedDay {
  readonly day: string;
  readonly rows: number;
}

/** A file with rows of one day; WHOLE of a table without days. */
export interface WrittenFile {
  /** Absolute. */
  readonly file: string;
  readonly day: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Has the engine say in which days a table differs between two snapshots. */
export async function changedDays(engine: Engine, layout: TableLayout, winner: LoadedModel['winner'], difference: SegmentDifference): Promise<ChangedDay[]> {
  await prepare(engine, layout, winner, difference);
  return engine.rows<ChangedDay>(changedDaysSql(layout), `${layout.spec.name} changed days`);
}

/**
 * Has the engine write the rows of days into files below `folder`, which must be in its staging folder, and count them. `rows` are the segments of these days, `others` those that may have rows of
 * the same keys. Rows go from file to file; none is seen here.
 */
export async function writeDays(engine: Engine, layout: TableLayout, winner: LoadedModel['winner'], { rows, others, days, folder, signal }: DaysToWrite): Promise<{ readonly counted: CountedDay[]; readonly files: WrittenFile[] }> {
  await prepareRows(engine, layout, winner, rows, others);
  const wanted = new Set(days);
  // Winners of these keys may lie in other days.
  const counted = (await engine.rows<CountedDay>(countedDaysSql(layout), `${layout.spec.name} days`)).filter(({ day }) => wanted.has(day));
  await mkdir(folder, { recursive: true });
  const files: WrittenFile[] = [];
  for (let at = 0; at < counted.length; at += DAYS_AT_ONCE) {
    const some = counted.slice(at, at + DAYS_AT_ONCE);
    const into = join(folder, String(at));
    const [written] = await engine.rows<{ Count: number }>(copyDaysSql(layout, some.map(({ day }) => day), into), `${layout.spec.name} rows`);
    const expected = some.reduce((sum, day) => sum + day.rows, 0);
    if (written?.Count !== expected) throw new WeirError({ code: 'INTERNAL', message: `The engine counted ${expected} rows of ${layout.spec.name} and wrote ${written?.Count ?? 0}.` });
    files.push(...(await filesIn(into, layout, signal)));
  }
  return { counted, files };
}

/** What is to be written. */
export interface DaysToWrite {
  readonly rows: readonly RelationSegment[];
  readonly others: readonly RelationSegment[];
  readonly days: readonly string[];
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Has the engine write a file without rows into a folder that is not there: it says which columns the table has. */
export async function writeEmpty(engine: Engine, layout: TableLayout, winner: LoadedModel['winner'], folder: string, signal: AbortSignal): Promise<WrittenFile[]> {
  await prepareRows(engine, layout, winner, [], []);
  await engine.run(copyDaysSql(layout, [], folder), `${layout.spec.name} without rows`);
  return filesIn(folder, { ...layout, partitionedBy: null }, signal);
}

/** Rows that are told apart by their partition need nothing looked up: equal ones may be told apart by nothing. */
async function prepareRows(engine: Engine, layout: TableLayout, winner: LoadedModel['winner'], rows: readonly RelationSegment[], others: readonly RelationSegment[]): Promise<void> {
  const { spec } = layout;
  if (spec.identity.by !== 'row') return prepare(engine, layout, winner, { before: [], after: rows, unchanged: others });
  return engine.run(`create temp view after_rows as select * from ${livingRelation(rows, sourceColumns(spec).filter(({ name }) => name !== DELETED_COLUMN.name))}`, `${spec.name} rows`);
}

async function prepare(engine: Engine, { spec }: TableLayout, winner: LoadedModel['winner'], { before, after, unchanged }: SegmentDifference): Promise<void> {
  const columns = sourceColumns(spec);
  const relation = (segments: readonly RelationSegment[]): string => segmentRelation(segments, columns);
  const sql = differenceSql(spec, { before: relation(before), after: relation(after), unchanged: unchanged.length > 0 ? relation(unchanged) : undefined, empty: false }, winner);
  for (const statement of sql.prepare) await engine.run(statement, `${spec.name} difference`);
}

async function filesIn(folder: string, { partitionedBy }: TableLayout, signal: AbortSignal): Promise<WrittenFile[]> {
  const names = partitionedBy === null ? [''] : (await readdir(folder)).toSorted();
  const files: WrittenFile[] = [];
  for (const name of names) {
    const day = partitionedBy === null ? WHOLE : name.slice(partitionedBy.length + 1);
    for (const file of (await readdir(join(folder, name))).toSorted()) {
      const path = join(folder, name, file);
      files.push({ file: path, day, ...(await digestFile(path, signal)) });
    }
  }
  return files;
}
