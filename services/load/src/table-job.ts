import { tableLabel, type LoadPlan, type PostgresDestination } from '@weir/connectors';
import { isWeirError, WeirError, type Model, type WinnerRule } from '@weir/core';
import type { Lake } from '@weir/lake';
import type { StageContext } from '@weir/rpc';
import type { Catalog } from './catalog';
import type { KeyRanges } from './key-ranges';
import type { Turns } from './turns';
import type { RowDifference } from './write-difference';

/** How often a table is planned anew because another load moved it in the meantime. */
export const PLANS = 5;

/** What loading a table takes. */
export interface TableDependencies {
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: { readonly memoryLimit: string; readonly threads: number };
  readonly keyRanges: KeyRanges;
  /** One engine at a time keeps the service within its memory. */
  readonly engineTurns: Turns;
  /** One load of a table at a time: a second one would be prepared in vain. */
  readonly tableTurns: Turns;
  /** Two tables of a destination at a time. */
  readonly destinationTurns: Turns;
}

/** One table to bring to a snapshot. */
export interface TableJob {
  readonly context: StageContext;
  readonly model: Model;
  /** Which row of a key the table holds. */
  readonly winner: WinnerRule;
  readonly connection: string;
  readonly schema: string;
  readonly destination: PostgresDestination;
  /** To reach at least. */
  readonly snapshot: number;
  /** The topic of a table that the stream writes too: then only what the run made of its records is brought there. */
  readonly restates: string | undefined;
}

/** Where a table's load is; `done` and `total` are bytes of rows while it copies. */
export type ReportTable = (step: string, done: number, total: number) => void;

/** Tells how much of a difference was copied: takes the bytes as they go. */
export function copyReport(report: ReportTable, label: string, { upserts, deletes }: RowDifference): (bytes: number) => void {
  const total = upserts.bytes + deletes.bytes;
  let copied = 0;
  return (bytes) => report(`${label}: copy`, (copied += bytes), total);
}

/** A table beyond the catalog was loaded from another one, and would be left alone for ever: say so instead. */
export async function assertKnown(catalog: Catalog, job: TableJob, { head, spec }: Pick<LoadPlan, 'head' | 'spec'>, signal: AbortSignal): Promise<void> {
  try {
    await catalog.target({ pipeline: job.context.pipeline, definitionVersion: job.context.definitionVersion, after: head.snapshot }, signal);
  } catch (error) {
    if (!isWeirError(error) || error.code !== 'INVALID_VALUE') throw error;
    throw new WeirError(
      {
        code: 'DESTINATION_INCOMPATIBLE',
        message: `Table ${tableLabel(spec)} holds snapshot ${head.snapshot} of ${job.context.pipeline}, which this catalog does not have: another platform loaded it.`,
        place: tableLabel(spec),
        fix: 'Drop the table, or choose another schema.',
      },
      { cause: error },
    );
  }
}

/** Qualified name of a model's dataset. */
export function datasetOf(model: Model): string {
  return `${model.zone}.${model.name}`;
}
