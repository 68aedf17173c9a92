import type { ColumnType, Contract } from '../contract/contract';

/** A dataset's zone; folders of models are named after the last two. */
export type Zone = 'raw' | 'bronze' | 'silver' | 'gold';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** Where the rows come from: dated files or a glob. */
export interface Source {
  readonly type: 'file';
  readonly dataset: string;
  /** Absolute path; `{date}` (yyyy-mm-dd) or `{hour}` (yyyy-mm-ddThh) where there are intervals, `*` and `**` otherwise. */
  readonly path: string;
  readonly delimiter: string;
  /** What an interval without a file means. */
  readonly empty: 'allow' | 'error';
}

/** row and interval models run over the run's partitions, history models over all published ones. */
export type ModelScope = 'row' | 'interval' | 'history';

export type WriteMode = 'append' | 'upsert' | 'overwrite';

/** One SELECT that gives one table. */
export interface Model {
  readonly name: string;
  readonly zone: 'silver' | 'gold';
  /** Path of its file below the definition folder. */
  readonly file: string;
  readonly sql: string;
  readonly scope: ModelScope;
  /** Qualified names such as `bronze.orders`, in order of first use. */
  readonly inputs: readonly string[];
  readonly key: readonly string[];
  /** Column whose greatest value wins among rows of one key; the later partition wins without it. */
  readonly sequence?: string | undefined;
  readonly writeMode: WriteMode;
  /** What the SELECT gives, as the engine describes it. */
  readonly columns: readonly Column[];
}

/** Where published models go; every model goes to every destination. */
export interface Destination {
  readonly connection: string;
  readonly type: 'postgres';
  readonly schema: string;
}

/** Clocks and limits of a run. */
export interface Policy {
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly executionTimeoutMs: number;
  /** The breaker: more quarantined rows than this share, and more than `minRows` of them, end the run. */
  readonly failAbove: { readonly share: number; readonly minRows: number };
}

/** A pipeline, compiled: everything a stage needs to know, frozen under a version. */
export interface Definition {
  readonly name: string;
  readonly description: string;
  /** Such as `1d`; undefined for pipelines without intervals. */
  readonly grain?: string | undefined;
  readonly source: Source;
  readonly contract: Contract;
  /** In dependency order: a model comes after all it reads. */
  readonly models: readonly Model[];
  readonly destinations: readonly Destination[];
  readonly policy: Policy;
}

/** One text of a definition folder. */
export interface DefinitionFile {
  readonly path: string;
  readonly text: string;
}
