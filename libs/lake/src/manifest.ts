import { WeirError, type Take } from '@weir/core';

/** One immutable file in the lake. */
export interface Segment {
  /** Below the lake's root. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Hex SHA-256 of the file. */
  readonly sha256: string;
  /** Partitions with at least one row in it, ascending. */
  readonly partitions: readonly string[];
  /** For raw segments: the file's path relative to the source's base folder, for people. */
  readonly source?: string | undefined;
}

/** What a stage staged of one dataset; a partition without rows is listed with 0. */
export interface ManifestDataset {
  /** Qualified, such as `bronze.orders`. */
  readonly dataset: string;
  readonly partitions: readonly { readonly partition: string; readonly rows: number }[];
  readonly segments: readonly Segment[];
}

/** What a run takes of a source that is read in sequence, once it is published. */
export interface Taking {
  /** Start of the interval that had taken last when this was read, empty for none: it holds as long as that is the last. */
  readonly last: string;
  /** Of each interval that took nothing until now, ascending. What they took are the segments of the raw dataset. */
  readonly takes: readonly Take[];
  /** Names and stamps of the files taken, and of those that were read and are as they had been taken. */
  readonly stamps: readonly (readonly [name: string, stamp: string])[];
}

/** Everything that one attempt of one stage staged. */
export interface Manifest {
  readonly version: 1;
  readonly pipeline: string;
  readonly runId: string;
  readonly stage: string;
  readonly attempt: string;
  readonly datasets: readonly ManifestDataset[];
  /** Of raw alone, and only where something is taken. */
  readonly taking?: Taking | undefined;
}

/** How a manifest is named outside the lake. */
export interface ManifestReference {
  /** Below the lake's root. */
  readonly manifest: string;
  readonly sha256: string;
}

/** Largest manifest that is written or read: 10,000 partitions of dozens of datasets fit. */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** The bytes of a manifest; throws INVALID_VALUE when there are more than 64 MiB. */
export function encodeManifest(manifest: Manifest): Buffer {
  const bytes = Buffer.from(`${JSON.stringify(manifest)}\n`);
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new WeirError({ code: 'INVALID_VALUE', message: `The manifest of stage ${manifest.stage} has ${bytes.length} bytes, more than ${MAX_MANIFEST_BYTES}.`, fix: 'Run smaller intervals.' });
  }
  return bytes;
}

/** A manifest from bytes whose hash was verified; throws SEGMENT_CORRUPT for another version. */
export function decodeManifest(bytes: Buffer, path: string): Manifest {
  const manifest = JSON.parse(bytes.toString('utf8')) as Manifest;
  if (manifest.version !== 1) throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `${path} is a manifest of version ${String(manifest.version)}; this Weir reads version 1.` });
  return manifest;
}
