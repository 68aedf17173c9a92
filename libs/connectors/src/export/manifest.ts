import { createHash } from 'node:crypto';
import { WeirError, type Column, type ExportLayout } from '@weir/core';

/** A file of a table. */
export interface ExportedFile {
  /** Below the export. */
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** `yyyy-mm-dd`: the partition of all its rows, in a table that is partitioned by day. */
  readonly date?: string | undefined;
}

/** The rows of a day; of a table that is not partitioned, all. */
export interface ExportedPartition {
  readonly date?: string | undefined;
  readonly rows: number;
  /** Grains of the pipeline that had rows for it when it was written. */
  readonly grains: number;
}

/** What a load changed in a table. */
export interface ExportedChange {
  /** 0 where all of it was written. */
  readonly fromSnapshot: number;
  /** Rows that are new, or are not what they were. */
  readonly rows: number;
  /** Rows that are gone, or went to another day. */
  readonly deleted: number;
}

/** A table at a snapshot: all its rows are in its files, each once. */
export interface ExportedTable extends ExportLayout {
  readonly name: string;
  /** Of every one of its files, in order. Types are the engine's. */
  readonly columns: readonly Column[];
  /** Columns that tell rows apart; empty where nothing does. */
  readonly key: readonly string[];
  /** What the folders of days are called, before `=`; no column has that name. */
  readonly partitionedBy: string | null;
  /** Of the definition: what else of it makes the files what they are. A table of another one is written anew. */
  readonly made: string;
  readonly rows: number;
  readonly change: ExportedChange;
  /** Those with rows, by date. */
  readonly partitions: readonly ExportedPartition[];
  /** One without rows where the table has none. */
  readonly files: readonly ExportedFile[];
}

/** Which version of an export it is. */
export interface ExportCommit {
  readonly pipeline: string;
  readonly snapshot: number;
  readonly commit: string;
  readonly run: string;
  readonly trace: string;
  /** ISO 8601, UTC. */
  readonly loadedAt: string;
}

/** All that an export has at a snapshot. Never changed once it is written. */
export interface ExportManifest extends ExportCommit {
  readonly version: 1;
  /** Commit of the version that it follows. */
  readonly after: string | null;
  /** Version of the pipeline's definition. */
  readonly definition: number;
  /** By name. */
  readonly tables: readonly ExportedTable[];
}

/** The one file of an export that is ever replaced: it says which manifest holds. */
export interface ExportPointer extends ExportCommit {
  readonly version: 1;
  readonly manifest: { readonly path: string; readonly bytes: number; readonly sha256: string };
}

/** A hundred thousand files and more. */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
export const MAX_POINTER_BYTES = 64 * 1024;

/** Where the pointer of a pipeline lies. */
export function pointerPath(pipeline: string): string {
  return `_weir/${pipeline}.json`;
}

/** The folder of a pipeline's manifests. */
export function manifestFolder(pipeline: string): string {
  return `_weir/${pipeline}`;
}

/** Where a manifest lies: its name says what it is, so that a list of names says which manifests are still wanted. */
export function exportManifestPath({ pipeline, snapshot, commit, after }: Pick<ExportManifest, 'pipeline' | 'snapshot' | 'commit' | 'after'>): string {
  return `${manifestFolder(pipeline)}/${snapshot}-${commit}${after === null ? '' : `-after-${after}`}.json`;
}

const NAME = /^(\d{1,15})-([0-9a-f-]{36})(?:-after-([0-9a-f-]{36}))?\.json$/;

/** What the name of a manifest says; undefined for a file that is none. */
export function parseManifestName(name: string): { readonly snapshot: number; readonly commit: string; readonly after: string | null } | undefined {
  const [, snapshot, commit, after] = NAME.exec(name) ?? [];
  return snapshot === undefined || commit === undefined ? undefined : { snapshot: Number(snapshot), commit, after: after ?? null };
}

/** A manifest or pointer as it is written. */
export function encodeJson(value: ExportManifest | ExportPointer): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`);
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A pointer as it was read. Throws DESTINATION_INCOMPATIBLE for what is none of this pipeline. */
export function parsePointer(bytes: Buffer, pipeline: string, place: string): ExportPointer {
  const found = parse(bytes) as Partial<ExportPointer> | undefined;
  const { version, snapshot, commit, manifest } = found ?? {};
  if (version === 1 && found?.pipeline === pipeline && typeof commit === 'string' && Number.isSafeInteger(snapshot) && typeof manifest?.path === 'string' && typeof manifest.sha256 === 'string') return found as ExportPointer;
  throw new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: `${place} is not what Weir writes there for the pipeline ${pipeline}.`, place, fix: 'Choose another place for the export; or remove the file, where nobody needs it: the next load writes all anew.' });
}

/** The manifest that a pointer names. Throws DESTINATION_INCOMPATIBLE for other bytes than it says. */
export function parseManifest(bytes: Buffer | undefined, { manifest }: ExportPointer, pointer: string): ExportManifest {
  if (bytes && sha256Of(bytes) === manifest.sha256) return parse(bytes) as ExportManifest;
  throw new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: `The manifest ${manifest.path} ${bytes ? 'is not the one' : 'is missing'} that ${pointer} names.`, place: pointer, fix: `Restore it, or remove ${pointer}: the next load writes all anew.` });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
