import type { RecordDecoder } from '@weir/connectors';
import type { RecordFormat } from '@weir/core';
import type { CompactionPlace, WarmEngines } from '@weir/engine';
import type { DefinitionReader } from '@weir/rpc';
import type { Lake } from '@weir/lake';
import type { StageGate } from '@weir/platform';
import type pg from 'pg';
import type { Catalog } from './catalog';
import type { RollingChecks } from './rolling-checks';

/** What the use cases work with; each takes the part it needs. */
export interface Dependencies {
  /** The platform database; the tables are in schema `quality`. */
  readonly pool: pg.Pool;
  readonly lake: Lake;
  /** One version of a pipeline's definition; throws PIPELINE_NOT_FOUND. */
  readonly definition: DefinitionReader;
  readonly catalog: Catalog;
  /** Plans which files to write anew, and takes them. */
  readonly compaction: CompactionPlace['catalog'];
  /** The clock, for the age of rows that no interval bounds. */
  readonly now: () => Date;
  /** Bounds the stages that run at a time. */
  readonly gate: StageGate;
  readonly engine: { readonly memoryLimit: string; readonly threads: number };
  /** For micro-batches. */
  readonly engines: WarmEngines;
  /** Reads values of a format that a registry describes; throws MISSING_KEY where no registry is set. */
  readonly decoder: (format: Exclude<RecordFormat, 'json'>) => RecordDecoder;
  /** Of streams. */
  readonly checks: RollingChecks;
  readonly log: Readonly<Record<'info' | 'warn' | 'error', (line: object, message: string) => void>>;
}
