import { firstRecords, readBeginning, type Beginning } from '@weir/connectors';
import type { FileLayout } from '@weir/core';
import type { EngineOptions } from '@weir/engine';
import type { SeenColumns } from './column-findings';
import { readParquet } from './read-parquet';

/** A file of this machine whose beginning is looked at. */
export interface LookedAt {
  readonly path: string;
  /** For people. */
  readonly name: string;
  /** The file is only the beginning of one. */
  readonly cut: boolean;
  /** A folder for temporary files. */
  readonly scratch: string;
  readonly engine: Pick<EngineOptions, 'memoryLimit' | 'threads'>;
  readonly signal: AbortSignal;
}

/** The columns of a file; undefined where its beginning does not say: CSV without a header, no record, Parquet that is cut. Throws what a run throws for a beginning that cannot be read. */
export async function columnsOfFile(layout: FileLayout, file: LookedAt): Promise<SeenColumns | undefined> {
  if (layout.format === 'parquet') return file.cut ? undefined : parquetColumns(file);
  return columnsOfText(await readBeginning(file.path, layout, file), layout, file.name);
}

/** The same of text. */
export function columnsOfText(beginning: Beginning, layout: FileLayout, place: string): SeenColumns | undefined {
  const { header, records } = firstRecords(beginning, layout, place);
  if (layout.format !== 'csv') return columnsOfRecords(records, place);
  return header && namedColumns(header, place);
}

/** Columns that are the same for all rows. */
export function namedColumns(names: readonly string[], place: string): SeenColumns {
  return { names, has: (physicalName) => names.includes(physicalName), records: undefined, place };
}

/** Of records that are objects; others are the contract's to judge when they are read. */
function columnsOfRecords(texts: readonly Buffer[], place: string): SeenColumns | undefined {
  const records = texts.map(objectIn).filter((record) => record !== undefined);
  if (records.length === 0) return undefined;
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return { names, has: (physicalName) => records.some((record) => leads(record, physicalName)), records: records.length, place };
}

function objectIn(text: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function leads(record: Record<string, unknown>, physicalName: string): boolean {
  const steps = physicalName.startsWith('$.') ? physicalName.slice(2).split('.') : [physicalName];
  let value: unknown = record;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return false;
    value = (value as Record<string, unknown>)[step];
  }
  return true;
}

/** By the footer. */
async function parquetColumns(file: LookedAt): Promise<SeenColumns> {
  const { columns } = await readParquet(file, 0);
  return namedColumns(columns.map(({ name }) => name), file.name);
}
