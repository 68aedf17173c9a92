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

/** Where a compaction puts the files of one day. */
export interface CompactedPlace {
  readonly pipeline: string;
  /** Qualified. */
  readonly dataset: string;
  /** YYYY-MM-DD; empty for a dataset without a grain. */
  readonly date: string;
  /** Whether the dataset has a column `date`, which a reader would take for the folder's. */
  readonly hasDate: boolean;
}

/** Names of the folders of days, as `<name>=YYYY-MM-DD`: what other engines read as a column. */
const DATE_FOLDERS = ['date', '_weir_date'] as const;

/** Where the n-th file of one call of a compaction lies; `call` is unique, so that nothing is ever written twice. */
export function compactedPath({ pipeline, dataset, date, hasDate }: CompactedPlace, call: string, n: number): string {
  const dot = dataset.indexOf('.');
  const [zone, name] = [dataset.slice(0, dot), dataset.slice(dot + 1)];
  const folder = date === '' ? '' : `${DATE_FOLDERS[hasDate ? 1 : 0]}=${assertName(date)}/`;
  return `${assertName(zone)}/${assertName(pipeline)}/${assertName(name)}/${folder}${assertName(call)}-${n}.parquet`;
}

/** Whether a path of a staged zone, of a file or of a folder, is one that a compaction wrote: it lies in no run's folder. */
export function isCompacted(path: string): boolean {
  const [, , , place = '', ...rest] = path.split('/');
  return DATE_FOLDERS.some((name) => place.startsWith(`${name}=`)) || (rest.length === 0 && place.endsWith('.parquet'));
}

export function manifestPath(pipeline: string, runId: string, stage: string, attempt: string): string {
  return `manifest/${assertName(pipeline)}/${assertName(runId)}/${assertName(stage)}-${assertName(attempt)}.json`;
}
