import type { ColumnType, Contract } from '../contract/contract';
import type { ConnectionSettings } from './connection';
import type { Source } from './source';

/** A dataset's zone; folders of models are named after the last two. */
export type Zone = 'raw' | 'bronze' | 'silver' | 'gold';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** row and interval models run over the run's partitions, history models over all published ones. */
export type ModelScope = 'row' | 'interval' | 'history';

export type WriteMode = 'append' | 'upsert' | 'overwrite' | 'scd2';

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
export type Destination = PostgresTables | Export;

/** Tables of a schema. */
export interface PostgresTables {
  readonly type: 'postgres';
  readonly connection: string;
  readonly schema: string;
}

/** Files of a store or folder. */
export type Export = S3Export | FileExport;

/** How an export's files are written. */
export interface ExportLayout {
  readonly format: 'parquet' | 'csv' | 'ndjson';
  readonly compression: 'none' | 'gzip' | 'zstd';
}

/** Files in a bucket, below `<prefix>/`. */
export interface S3Export extends ExportLayout {
  readonly type: 's3';
  readonly connection: string;
  readonly bucket: string;
  readonly prefix: string;
}

/** Files below the folder for exports of the load service. */
export interface FileExport extends ExportLayout {
  readonly type: 'file';
  /** Relative to that folder, without `.` and `..`. */
  readonly path: string;
}

/** Clocks and limits of a run. */
export interface Policy {
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly executionTimeoutMs: number;
  /** The breaker: more quarantined rows than this share, and more than `minRows` of them, end the run. */
  readonly failAbove: { readonly share: number; readonly minRows: number };
}

/** `micro_batch` runs every 1 to 5 minutes; `realtime` has no runs by schedule: a stream takes rows as they come. */
export type PipelineMode = 'batch' | 'micro_batch' | 'realtime';

/** How a stream runs. */
export interface StreamSettings {
  /** Members of its consumer group, each with its share of the topic's partitions. */
  readonly consumers: number;
  /** Time between two rebuilds of interval and history models from the archive. */
  readonly refreshMs: number;
}

/** When runs start by themselves. Each takes the last whole grain before its scheduled time, and the pipeline's lookback. */
export interface Schedule {
  /** Five fields. */
  readonly cron: string;
  /** IANA name; the cron's, not the grain's, whose boundaries are UTC. */
  readonly timezone: string;
  /** Canonical instant before which nothing is due; undefined: the time at which the schedule was made. */
  readonly startDate?: string | undefined;
  /** Whether ticks that were missed are run. */
  readonly catchup: boolean;
  /** Scheduled runs that may be open at a time. */
  readonly maxActiveRuns: number;
  /** Whether a scheduled run waits until the grain before it was published. */
  readonly dependsOnPast: boolean;
  /** Why the schedule is paused; undefined when it is not. */
  readonly paused?: string | undefined;
}

/** A published dataset of another pipeline that models read as `<pipeline>.<name>`. */
export interface Upstream {
  readonly pipeline: string;
  /** Qualified there, such as `silver.customers`. */
  readonly dataset: string;
  /** What models call it, such as `shop.customers`. */
  readonly reference: string;
  readonly columns: readonly Column[];
  /** Whether interval models see only their own partition of it: both pipelines have the same grain, and it is not over history. */
  readonly byInterval: boolean;
}

/** How long partitions stay in a zone after they were published, milliseconds; a zone that is left out keeps them for ever. */
export type Retention = Readonly<Partial<Record<Zone, number>>>;

/** A pipeline, compiled: everything a stage needs to know, frozen under a version. */
export interface Definition {
  readonly name: string;
  readonly description: string;
  readonly mode: PipelineMode;
  /** Such as `1d`; undefined for pipelines without intervals. */
  readonly grain?: string | undefined;
  /** Defined for pipelines of mode `realtime`. */
  readonly stream?: StreamSettings | undefined;
  /** Undefined for pipelines that only people start. */
  readonly schedule?: Schedule | undefined;
  /** How many grains before its own a scheduled run takes again, for rows that came late; 0 for none. */
  readonly lookbackGrains: number;
  /** Whether a run whose verdict is a warning waits for a person before it publishes. */
  readonly approval: 'never' | 'warning';
  readonly retention: Retention;
  readonly upstream: readonly Upstream[];
  readonly source: Source;
  /** Those of connections.yaml that the source or a destination names; undefined where there are none. */
  readonly connections?: Readonly<Record<string, ConnectionSettings>> | undefined;
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
