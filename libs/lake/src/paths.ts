import { assertName } from './confine';

/** Folders of the lake that hold what runs staged and published. */
export const STAGED_ZONES = ['bronze', 'silver', 'gold'] as const;

/** How the manifests of a run's extracts begin: what they list outlives a failed run. */
export const EXTRACT_MANIFESTS = 'extract-';

/** Where what came from a source lies, addressed by its content: files as csv, records of a log as parquet. `dataset` is the bare name. */
export function rawPath(pipeline: string, dataset: string, sha256: string, format: 'csv' | 'parquet' = 'csv'): string {
  return `raw/${assertName(pipeline)}/${assertName(dataset)}/${sha256.slice(0, 2)}/${assertName(sha256)}.${format}`;
}

/** Where the n-th file of a dataset lies that one attempt staged. `dataset` is qualified, such as `silver.lines`. */
export function segmentPath(pipeline: string, dataset: string, runId: string, attempt: string, n: number): string {
  const dot = dataset.indexOf('.');
  const [zone, name] = [dataset.slice(0, dot), dataset.slice(dot + 1)];
  return `${assertName(zone)}/${assertName(pipeline)}/${assertName(name)}/${assertName(runId)}/${assertName(attempt)}-${n}.parquet`;
}

export function manifestPath(pipeline: string, runId: string, stage: string, attempt: string): string {
  return `manifest/${assertName(pipeline)}/${assertName(runId)}/${assertName(stage)}-${assertName(attempt)}.json`;
}
